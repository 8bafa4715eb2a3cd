// A small KurrentDB/EventStoreDB for tests: the gRPC protocol of the real one over a log in memory, and faults on
// command. A process of its own, because generated protocol code registers itself globally: two copies in one
// process break each other.
//
//   node test/kurrent/server.mjs [--port N] [--nodes N] [--file LOG] [--user NAME:PASSWORD] [--cert PEM --key PEM]
//
// With --nodes it is a cluster of so many nodes over one log, one of them leading. A parent process commands it by
// messages, see `commands` at the end.
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import grpc from '@grpc/grpc-js';
import { Log } from './log.mjs';

const require = createRequire(import.meta.url);
const generated = (name) => require(`@eventstore/db-client/generated/${name}.js`);
const streams = generated('streams_pb');
const shared = generated('shared_pb');
const gossip = generated('gossip_pb');
const features = generated('serverfeatures_pb');
const { Status } = generated('status_pb');
const { StreamsService } = generated('streams_grpc_pb');
const { GossipService } = generated('gossip_grpc_pb');
const { ServerFeaturesService } = generated('serverfeatures_grpc_pb');
const { Any } = require('google-protobuf/google/protobuf/any_pb.js');
const google = require('google-protobuf/google/protobuf/empty_pb.js');

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    nodes: { type: 'string', default: '1' },
    file: { type: 'string' },
    user: { type: 'string' },
    cert: { type: 'string' },
    key: { type: 'string' },
  },
});

const log = new Log(options.file);
const news = new EventEmitter().setMaxListeners(0);
/** @type {{ server: grpc.Server, port: number }[]} */
const nodes = [];
const subscriptions = new Set();
let leader = 0;
let subscribed = 0;
/** What is wrong just now; counts go down with every append. */
const faults = { delayMs: 0, wrongVersions: 0, silentAppends: 0, lostAnswers: 0, crash: false, clockMs: 0 };

// ── what travels ──

const nameOf = (identifier) => Buffer.from(identifier.getStreamName_asU8()).toString();
const identifierOf = (name) =>
  new shared.StreamIdentifier().setStreamName(Buffer.from(name).toString('base64'));
const idOf = (uuid) => {
  if (!uuid.hasStructured()) return uuid.getString();
  const bytes = Buffer.alloc(16);
  bytes.writeBigInt64BE(BigInt(uuid.getStructured().getMostSignificantBits()), 0);
  bytes.writeBigInt64BE(BigInt(uuid.getStructured().getLeastSignificantBits()), 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
};

const messageOf = (proposed) => ({
  id: idOf(proposed.getId()),
  type: proposed.getMetadataMap().get('type'),
  contentType: proposed.getMetadataMap().get('content-type'),
  data: Buffer.from(proposed.getData_asU8()),
  meta: Buffer.from(proposed.getCustomMetadata_asU8()),
});

const eventOf = ({ id, stream, revision, position, type, contentType, data, meta, created }) => {
  const event = new streams.ReadResp.ReadEvent.RecordedEvent()
    .setId(new shared.UUID().setString(id))
    .setStreamIdentifier(identifierOf(stream))
    .setStreamRevision(String(revision))
    .setPreparePosition(String(position))
    .setCommitPosition(String(position))
    .setData(data)
    .setCustomMetadata(meta);
  event
    .getMetadataMap()
    .set('type', type)
    .set('content-type', contentType)
    .set('created', String(BigInt(created) * 10_000n));
  return new streams.ReadResp().setEvent(
    new streams.ReadResp.ReadEvent().setEvent(event).setCommitPosition(String(position)),
  );
};

const failure = (code, details, metadata = {}) => {
  const sent = new grpc.Metadata();
  for (const [key, value] of Object.entries(metadata)) sent.set(key, value);
  return Object.assign(new Error(details), { code, details, metadata: sent });
};

/** Who may not, or asks the wrong node. */
const refusalOf = (call, node) => {
  const given = call.metadata.get('authorization')[0];
  if (options.user && !given)
    return failure(grpc.status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });
  if (options.user && given !== `Basic ${Buffer.from(options.user).toString('base64')}`)
    return failure(grpc.status.UNAUTHENTICATED, 'Unauthenticated');
  if (node !== leader && call.metadata.get('requires-leader')[0] === 'true')
    return failure(grpc.status.NOT_FOUND, 'Leader info available', {
      exception: 'not-leader',
      'leader-endpoint-host': '127.0.0.1',
      'leader-endpoint-port': String(nodes[leader].port),
    });
  return undefined;
};

// ── appends ──

const append = (stream, expected, messages) => {
  if (faults.wrongVersions > 0) {
    faults.wrongVersions -= 1;
    return { is: 'wrong version', current: (log.streams.get(stream)?.length ?? 0) - 1 };
  }
  const result = log.append(stream, expected, messages, Date.now() + faults.clockMs);
  if (faults.crash) process.exit(1);
  setImmediate(() => news.emit('append'));
  return result;
};

/** Answers as the faults say: late, never, or by a broken connection. */
const answer = (send) => {
  if (faults.lostAnswers > 0) {
    faults.lostAnswers -= 1;
    void drop();
  } else if (faults.silentAppends > 0) faults.silentAppends -= 1;
  else if (faults.delayMs > 0) setTimeout(send, faults.delayMs);
  else send();
};

const appendOne = (node) => (call, callback) => {
  let head;
  const messages = [];
  call.on('data', (request) => {
    if (request.hasOptions()) head = request.getOptions();
    else messages.push(messageOf(request.getProposedMessage()));
  });
  call.on('end', () => {
    const refusal = refusalOf(call, node);
    if (refusal) return callback(refusal);
    const expected = head.hasRevision()
      ? Number(head.getRevision())
      : head.hasNoStream()
        ? -1
        : head.hasStreamExists()
          ? 'exists'
          : 'any';
    const result = append(nameOf(head.getStreamIdentifier()), expected, messages);
    const response = new streams.AppendResp();
    switch (result.is) {
      case 'written': {
        const position = new streams.AppendResp.Position()
          .setCommitPosition(String(result.last.position))
          .setPreparePosition(String(result.last.position));
        response.setSuccess(
          new streams.AppendResp.Success()
            .setCurrentRevision(String(result.last.revision))
            .setPosition(position),
        );
        break;
      }
      case 'wrong version': {
        const wrong = new streams.AppendResp.WrongExpectedVersion();
        if (result.current < 0) wrong.setCurrentNoStream(new shared.Empty());
        else wrong.setCurrentRevision(String(result.current));
        response.setWrongExpectedVersion(wrong);
        break;
      }
      case 'corrupted':
        return callback(failure(grpc.status.UNKNOWN, 'Unexpected result'));
    }
    answer(() => callback(null, response));
  });
};

const errorStatus = (code, message, details, type) => {
  const any = new Any();
  any.pack(details.serializeBinary(), type);
  return new Status().setCode(code).setMessage(message).setDetails(any);
};

const batchAppend = (node) => (call) => {
  const parts = new Map();
  const refusal = refusalOf(call, node);
  if (refusal) return call.emit('error', refusal);
  call.on('data', (request) => {
    const notLeader = refusalOf(call, node);
    if (notLeader) return call.emit('error', notLeader);
    const id = idOf(request.getCorrelationId());
    const part = parts.get(id) ?? { messages: [] };
    parts.set(id, part);
    if (request.hasOptions()) part.head = request.getOptions();
    part.messages.push(...request.getProposedMessagesList().map(messageOf));
    if (!request.getIsFinal()) return;
    parts.delete(id);
    const { head, messages } = part;
    const expected = head.hasStreamPosition()
      ? Number(head.getStreamPosition())
      : head.hasNoStream()
        ? -1
        : head.hasStreamExists()
          ? 'exists'
          : 'any';
    const result = append(nameOf(head.getStreamIdentifier()), expected, messages);
    const response = new streams.BatchAppendResp()
      .setCorrelationId(request.getCorrelationId())
      .setStreamIdentifier(head.getStreamIdentifier());
    switch (result.is) {
      case 'written': {
        const position = new shared.AllStreamPosition()
          .setCommitPosition(String(result.last.position))
          .setPreparePosition(String(result.last.position));
        response.setSuccess(
          new streams.BatchAppendResp.Success()
            .setCurrentRevision(String(result.last.revision))
            .setPosition(position),
        );
        break;
      }
      case 'wrong version': {
        const wrong = new shared.WrongExpectedVersion();
        if (result.current < 0) wrong.setCurrentNoStream(new google.Empty());
        else wrong.setCurrentStreamRevision(String(result.current));
        const type = 'event_store.client.WrongExpectedVersion';
        response.setError(errorStatus(9, 'WrongExpectedVersion', wrong, type));
        break;
      }
      case 'corrupted':
        response.setError(errorStatus(2, 'Unknown', new shared.Unknown(), 'event_store.client.Unknown'));
        break;
    }
    answer(() => call.write(response));
  });
  call.on('end', () => call.end());
};

// ── reads and subscriptions ──

const filterOf = (read) => {
  if (!read.hasFilter()) return () => true;
  const filter = read.getFilter();
  const onStream = filter.hasStreamIdentifier();
  const expression = onStream ? filter.getStreamIdentifier() : filter.getEventType();
  const regex = expression.getRegex() ? new RegExp(expression.getRegex()) : undefined;
  const prefixes = expression.getPrefixList();
  return (record) => {
    const text = onStream ? record.stream : record.type;
    return regex ? regex.test(text) : prefixes.some((prefix) => text.startsWith(prefix));
  };
};

/** Where a read begins, as an index into its list: forwards of the first one to send, backwards one beyond it. */
const startOf = (read, list, backwards) => {
  const stream = read.getStream();
  const all = read.getAll();
  if ((stream ?? all).hasEnd()) return list.length;
  if ((stream ?? all).hasStart()) return 0;
  if (all) return log.indexOf(Number(all.getPosition().getCommitPosition()));
  return Number(stream.getRevision()) + (backwards ? 1 : 0);
};

const readOnce = (call, read, list) => {
  const passes = filterOf(read);
  const backwards = read.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS;
  let left = Number(read.getCount());
  const step = backwards ? -1 : 1;
  for (
    let index = startOf(read, list, backwards) + (backwards ? -1 : 0);
    left > 0 && list[index];
    index += step
  )
    if (passes(list[index])) {
      call.write(eventOf(list[index]));
      left -= 1;
    }
  call.end();
};

const subscribe = (call, read, name) => {
  const passes = filterOf(read);
  const list = () => (name === undefined ? log.records : (log.streams.get(name) ?? []));
  const filter = read.getFilter();
  const interval = filter
    ? (filter.getMax() || 32) * (filter.getCheckpointintervalmultiplier() || 1)
    : Infinity;
  // A given place is one that the subscriber has seen.
  const given = read.getStream()?.hasRevision() ?? read.getAll()?.hasPosition() ?? false;
  let index = startOf(read, list(), false);
  if (
    given &&
    (name !== undefined ||
      Number(read.getAll().getPosition().getCommitPosition()) === list()[index]?.position)
  )
    index += 1;
  let considered = 0;
  let full = false;
  let live = false;
  const confirmation = new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId(randomUUID());
  call.write(new streams.ReadResp().setConfirmation(confirmation));
  const subscription = { call, deaf: false };
  const pump = () => {
    if (full || call.cancelled || subscription.deaf) return;
    for (let record = list()[index]; record; record = list()[index]) {
      index += 1;
      const taken = passes(record) ? call.write(eventOf(record)) : true;
      if (++considered % interval === 0) {
        const checkpoint = new streams.ReadResp.Checkpoint()
          .setCommitPosition(String(record.position))
          .setPreparePosition(String(record.position));
        call.write(new streams.ReadResp().setCheckpoint(checkpoint));
      }
      if (taken) continue;
      full = true;
      call.once('drain', () => {
        full = false;
        pump();
      });
      return;
    }
    if (!live) call.write(new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp()));
    live = true;
  };
  subscriptions.add(subscription);
  subscribed += 1;
  news.emit('subscription');
  news.on('append', pump);
  const end = () => {
    news.off('append', pump);
    subscriptions.delete(subscription);
  };
  for (const event of ['cancelled', 'close', 'error']) call.on(event, end);
  pump();
};

const read = (node) => (call) => {
  const refusal = refusalOf(call, node);
  if (refusal) return call.emit('error', refusal);
  const options = call.request.getOptions();
  const identifier = options.getStream()?.getStreamIdentifier();
  const name = identifier && nameOf(identifier);
  if (options.hasSubscription()) return subscribe(call, options, name);
  if (name !== undefined && !log.streams.has(name)) {
    const missing = new streams.ReadResp.StreamNotFound().setStreamIdentifier(identifier);
    call.write(new streams.ReadResp().setStreamNotFound(missing));
    return call.end();
  }
  readOnce(call, options, name === undefined ? log.records : log.streams.get(name));
};

/** As a real server: the stream is gone, its records are no longer read. */
const remove = (node) => (call, callback) => {
  const refusal = refusalOf(call, node);
  if (refusal) return callback(refusal);
  const name = nameOf(call.request.getOptions().getStreamIdentifier());
  log.streams.delete(name);
  log.records = log.records.filter(({ stream }) => stream !== name);
  callback(null, new streams.DeleteResp().setNoPosition(new shared.Empty()));
};

// ── the cluster ──

const members = (_call, callback) => {
  const list = nodes.map(({ port }, index) => {
    const { LEADER, FOLLOWER } = gossip.MemberInfo.VNodeState;
    return new gossip.MemberInfo()
      .setInstanceId(new shared.UUID().setString(randomUUID()))
      .setState(index === leader ? LEADER : FOLLOWER)
      .setIsAlive(true)
      .setHttpEndPoint(new gossip.EndPoint().setAddress('127.0.0.1').setPort(port));
  });
  callback(null, new gossip.ClusterInfo().setMembersList(list));
};

const supported = (_call, callback) => {
  const method = (name, list = []) =>
    new features.SupportedMethod()
      .setServiceName('event_store.client.streams.streams')
      .setMethodName(name)
      .setFeaturesList(list);
  const methods = [
    method('append'),
    method('read', ['position', 'events']),
    method('delete'),
    method('batchappend', ['deadline_duration']),
  ];
  callback(
    null,
    new features.SupportedMethods().setEventStoreServerVersion('24.10.0').setMethodsList(methods),
  );
};

const credentials =
  options.cert && options.key
    ? grpc.ServerCredentials.createSsl(null, [
        { cert_chain: readFileSync(options.cert), private_key: readFileSync(options.key) },
      ])
    : grpc.ServerCredentials.createInsecure();

const listen = async (node, port) => {
  const server = new grpc.Server();
  server.addService(StreamsService, {
    read: read(node),
    append: appendOne(node),
    batchAppend: batchAppend(node),
    delete: remove(node),
    tombstone: remove(node),
  });
  server.addService(GossipService, { read: members });
  server.addService(ServerFeaturesService, { getSupportedMethods: supported });
  const bound = await new Promise((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, taken) =>
      error ? reject(error) : resolve(taken),
    ),
  );
  nodes[node] = { server, port: bound };
};

const down = () => {
  for (const { server } of nodes) server.forceShutdown();
};
const up = async () => {
  for (const [node, { port }] of nodes.entries()) await listen(node, port);
};
const drop = async () => {
  down();
  await up();
};

const commands = {
  /** All connections break; new ones are taken. */
  drop,
  down,
  up,
  /** Other faults, until told otherwise: see `faults`. */
  faults: (change) => Object.assign(faults, change),
  /** Subscriptions stay open and deliver nothing any more. */
  deafen: () => subscriptions.forEach((subscription) => (subscription.deaf = true)),
  /** The server ends every subscription, as after a time-out of its own. */
  cancelSubscriptions: () =>
    subscriptions.forEach(({ call }) => call.emit('error', failure(grpc.status.CANCELLED, 'dropped'))),
  lead: ({ node }) => (leader = node),
  /** A record that OpenPRO did not write: of the system, or of another program. */
  write: ({ stream, type = '$anything', data = '{}' }) => {
    const message = { id: randomUUID(), type, contentType: 'application/json', meta: Buffer.alloc(0) };
    append(stream, 'any', [{ ...message, data: Buffer.from(data) }]);
  },
  stream: ({ name }) =>
    (log.streams.get(name) ?? []).map(({ id, type, data, meta }) => ({
      id,
      type,
      data: data.toString(),
      meta: meta.toString(),
    })),
  /** Answers once so many subscriptions have been made, since the start. */
  subscribed: async ({ times }) => {
    while (subscribed < times) await once(news, 'subscription');
  },
};

for (let node = 0; node < Number(options.nodes); node += 1)
  await listen(node, Number(options.port) && Number(options.port) + node);
const ports = nodes.map(({ port }) => port);
if (process.send) process.send({ ports });
else console.log(`Listening on ${ports.map((port) => `127.0.0.1:${port}`).join(', ')}`);

process.on('message', async ({ id, command, ...given }) => {
  const result = await commands[command](given);
  process.send({ id, result: result === undefined ? null : result });
});
process.on('disconnect', () => process.exit(0)); // whoever started it is gone
process.on('SIGTERM', () => process.exit(0));
