// Loaded into every server before its program: its wall clock goes wrong when the fault harness says so (F16).
let offset = 0;
const Real = Date;

globalThis.Date = class Date extends Real {
  constructor(...args) {
    if (args.length === 0) super(Real.now() + offset);
    else super(...args);
  }

  static now() {
    return Real.now() + offset;
  }
};

process.on?.('message', (message) => {
  if (typeof message?.clockOffset === 'number') offset = message.clockOffset;
});
process.channel?.unref(); // the program itself decides whether it listens
