import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type ClientRequest, type IncomingMessage, request as http } from 'node:http';
import { request as https } from 'node:https';
import path from 'node:path';
import { type Api, patiently, Unreachable } from './api.js';
import { badInput, EXIT, Failure } from './failure.js';
import { bar, bytes } from './format.js';
import { RequestUploadDocument, type UploadKind } from './generated/graphql.js';
import type { Screen } from './screen.js';

const ANSWER_LIMIT = 65_536;

export const expectFile = async (file: string, field: string): Promise<number> => {
  const found = await stat(file).catch(() => null);
  if (!found?.isFile()) throw badInput(field, `There is no file ${file}`, 'a file that can be read');
  return found.size;
};

/** Sends a file to a one-time address of the server; gives the upload's id. */
export const upload = async (api: Api, screen: Screen, kind: UploadKind, file: string): Promise<string> => {
  const size = await expectFile(file, 'file');
  const name = path.basename(file);
  const variables = { kind, name, size };
  // An answer with a secret is given once: after a lost answer the old place is left to expire.
  const place = await api.mutate(RequestUploadDocument, variables).catch((error: unknown) => {
    if (!(error instanceof Failure) || error.details.code !== 'UploadAlreadyRequested') throw error;
    return api.mutate(RequestUploadDocument, variables);
  });
  const url = new URL(place.url, api.url);
  const started = performance.now();
  const show = (sent: number): void => {
    const rate = sent / Math.max(0.001, (performance.now() - started) / 1000);
    screen.progress(
      `Uploading ${name} ${bar(size ? sent / size : 1)} ${bytes(sent)} of ${bytes(size)}, ${bytes(rate)}/s`,
    );
  };
  screen.progress(`Uploading ${name}`, `Uploading ${name} (${bytes(size)})`);
  try {
    await patiently(api.wait, async (attempt) => {
      const { status, body } = await put(url, file, size, show);
      // A repeated PUT may meet its own first success.
      if (status < 300 || (attempt > 1 && status === 409)) return;
      if (status >= 502 && status <= 504)
        throw new Unreachable(`${url.origin} is not ready (HTTP ${status})`);
      throw refusal(status, body);
    });
  } finally {
    screen.endProgress();
  }
  return place.id;
};

const refusal = (status: number, body: string): Failure => {
  let answer: { code?: string; message?: string; field?: string; limit?: string } = {};
  try {
    answer = JSON.parse(body) as typeof answer;
  } catch {
    // Not ours, perhaps a proxy's: its status says enough.
  }
  const exit = status === 404 ? EXIT.notFound : status < 500 ? EXIT.usage : EXIT.bug;
  return new Failure(exit, answer.message ?? `The upload was answered with HTTP ${status}`, answer);
};

const put = (
  url: URL,
  file: string,
  size: number,
  onSent: (bytes: number) => void,
): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const request: ClientRequest = (url.protocol === 'https:' ? https : http)(url, {
      method: 'PUT',
      agent: false,
      headers: { 'content-type': 'application/octet-stream', 'content-length': size },
    });
    const source = createReadStream(file, { highWaterMark: 1024 * 1024 });
    let sent = 0;
    source.on('data', (chunk) => onSent((sent += chunk.length)));
    source.on('error', (error) => request.destroy(error));
    request.on('response', (response: IncomingMessage) => {
      // A server that refuses answers before it has read everything, and reads no more.
      source.unpipe(request);
      let body = '';
      response
        .setEncoding('utf8')
        .on('data', (text: string) => (body = (body + text).slice(0, ANSWER_LIMIT)))
        .on('end', () => {
          resolve({ status: response.statusCode ?? 0, body });
          request.destroy();
        })
        .on('error', reject);
    });
    request.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.path
          ? new Failure(EXIT.usage, error.message, { field: 'file' })
          : new Unreachable(`${url.origin} broke off the upload (${error.code ?? error.message})`),
      ),
    );
    request.on('close', () => source.destroy());
    source.pipe(request);
  });
