// Loaded into every server before its program: its wall clock goes wrong when the fault harness says so (F16).
const Real = Date;
let offset = 0;
const now = () => Real.now() + offset;

const Wrong = new Proxy(Real, {
  apply: () => new Real(now()).toString(),
  construct: (target, args, as) => Reflect.construct(target, args.length > 0 ? args : [now()], as),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});

process.on('message', (message) => {
  if (typeof message?.clockOffset !== 'number') return;
  offset = message.clockOffset;
  globalThis.Date = offset === 0 ? Real : Wrong;
});
process.channel?.unref(); // the program itself decides whether it listens
