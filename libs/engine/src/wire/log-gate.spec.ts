import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import { LineSplitter, LogGate } from './log-gate.js';

describe('the gate of a log', () => {
  it('lets lines through, then samples, and says what it left out', () => {
    let now = 0;
    const gate = new LogGate({ linesPerSecond: 10 }, () => now);
    const passed = Array.from({ length: 2000 }, (_, i) => gate.pass(`line ${i}`)).filter(Boolean);
    expect(passed).toHaveLength(12);
    expect(passed.at(-1)).toBe('line 1999\n');
    now = 1000;
    expect(gate.pass('next')).toBe('… 1988 lines left out: more than 10 in a second\nnext\n');
    expect(gate.rest()).toBe('');
  });

  it('ends at its limit of bytes, and says so once', () => {
    const gate = new LogGate({ total: 20, linesPerSecond: 1e6 }, () => 0);
    const text = Array.from({ length: 100 }, () => gate.pass('0123456')).join('') + gate.rest();
    expect(text).toBe('0123456\n0123456\n… the rest of the log is left out: more than 20 bytes\n');
  });

  it('cuts a long line', () => {
    expect(new LogGate({ line: 3 }).pass('abcdef')).toBe('abc…\n');
  });
});

describe('lines', () => {
  it('are put together from pieces, also within a character', () => {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    for (const byte of Buffer.from('ä\nb\n\nend')) splitter.push(Uint8Array.of(byte));
    splitter.end();
    expect(lines).toEqual(['ä', 'b', '', 'end']);
  });

  it('without an end are given in pieces, so that they need no memory', () => {
    const lengths: number[] = [];
    const splitter = new LineSplitter((line) => lengths.push(line.length));
    for (let i = 0; i < 100; i++) splitter.push(Buffer.alloc(10_000, 'x'));
    splitter.end();
    expect(lengths.length).toBeGreaterThan(10);
    expect(lengths.reduce((a, b) => a + b)).toBe(1_000_000);
  });
});
