import { Redis } from 'ioredis';
import type { Log } from '../log.ts';

export interface RedisConnection {
  readonly client: Redis;
  close(): void;
}

const connectTimeoutMs = 2_000;
const silenceTimeoutMs = 2_000;
const reconnectMaxMs = 1_000;

/**
 * Connects in the background and again whenever the connection is lost; the log has one line for each outage and
 * its end. Commands are never kept for later: without a connection they fail at once.
 */
export function openRedis(url: string, log: Log): RedisConnection {
  const client = new Redis(url, {
    connectionName: 'calls-gateway',
    connectTimeout: connectTimeoutMs,
    commandTimeout: silenceTimeoutMs,
    // A peer that vanished without a word is noticed by this alone.
    socketTimeout: silenceTimeoutMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(attempt * 100, reconnectMaxMs),
  });
  let isLost = false;
  client.on('error', (err: Error) => {
    if (!isLost) log.warn({ err }, 'Redis cannot be reached');
    isLost = true;
  });
  client.on('ready', () => {
    if (isLost) log.info('Redis is reached again');
    isLost = false;
  });
  return { client, close: () => client.disconnect() };
}
