// A server of its own, to be killed: starts one engine process and prints its pid.
import { EnginePool } from './engine-pool.js';

const [folder = '', engine = ''] = process.argv.slice(2);
const pool = new EnginePool({ folder, warm: 0 });
const { pid } = await pool.acquire({ engine: JSON.parse(engine), role: 'data' });
console.log(pid);
