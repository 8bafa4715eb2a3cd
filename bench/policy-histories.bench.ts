import { PolicyHistory, Violation } from '../libs/jobs/src/policy-histories.fixture.js';
import { QuotaHistory, QuotaViolation } from '../libs/jobs/src/quota-histories.fixture.js';
import { report } from './frame.js';

/** `--histories=100000`; a tenth of that by itself. */
const HISTORIES = Number(/--histories=(\d+)/.exec(process.argv.join(' '))?.[1] ?? 10_000);
const STEPS = 160;

await report({
  name: 'policy-histories',
  title: `Limits, profiles, servers and seats in ${HISTORIES.toLocaleString('en')} random histories`,
  about:
    'Four servers that want to lead, one after the other or at once, on one log that refuses what a former leader ' +
    'still has on its way; proposals come late, twice and in any order; jobs, servers and policies come and go. What ' +
    'runs is counted from the log alone after every start and compared with each limit, profile and server. All four ' +
    'also write the streams of two licences, whose seats come and go and are counted after every append. ' +
    '"passed" counts the histories in which one was passed or a seat oversold, somebody got what another one before him could have had, ' +
    'or waited for ever. Of quotas: four servers that admit jobs, batches, retries of them and runs of schedules at ' +
    'once, a step of one after a step of another, while the lists that they count come behind the log, servers die ' +
    'with locks in their hands and people come into other groups; "passed" counts those in which a quota was passed, ' +
    'something was refused that there was room for, or two waited for each other.',
  rounds: 1,
  contestants: [
    {
      name: `${STEPS} steps each`,
      measure: async () => {
        const sum = { starts: 0, seats: 0, conflicts: 0, policies: 0, elections: 0, refused: 0, passed: 0 };
        for (let seed = 1; seed <= HISTORIES; seed++)
          try {
            const { starts, policies, elections, late, seats, conflicts } = new PolicyHistory(seed).run(
              STEPS,
            );
            sum.starts += starts;
            sum.seats += seats;
            sum.conflicts += conflicts;
            sum.policies += policies;
            sum.elections += elections;
            sum.refused += late;
          } catch (error) {
            if (!(error instanceof Violation)) throw error;
            sum.passed++;
            console.error(`Seed ${seed}: ${error.message}`);
          }
        return sum;
      },
    },
    {
      name: `quotas, ${STEPS} steps each`,
      measure: async () => {
        const sum = { granted: 0, retried: 0, refused: 0, killed: 0, passed: 0 };
        for (let seed = 1; seed <= HISTORIES; seed++)
          try {
            const { granted, retried, refused, killed } = new QuotaHistory(seed).run(STEPS);
            sum.granted += granted;
            sum.retried += retried;
            sum.refused += refused;
            sum.killed += killed;
          } catch (error) {
            if (!(error instanceof QuotaViolation)) throw error;
            sum.passed++;
            console.error(`Seed ${seed}: ${error.message}`);
          }
        return sum;
      },
    },
  ],
});
