import type { ClientFlags } from './client.js';

export interface ReplayFlags extends ClientFlags {
  dlq: boolean;
  list: boolean;
  show: boolean;
  record: string[] | undefined;
  body: string | undefined;
  'content-type': string | undefined;
  state: string | undefined;
  type: string | undefined;
  key: string | undefined;
  since: string | undefined;
  until: string | undefined;
  limit: number;
  again: boolean;
  reason: string | undefined;
  yes: boolean;
  format: 'text' | 'json';
}
