import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KafkaCluster } from './kafka.js';

/** Files of one authority: PEM, made by openssl. */
export interface Authority {
  readonly caFile: string;
  /** A certificate for 127.0.0.1 (or another address) and its key. */
  issue(name: string, address?: string): { readonly certFile: string; readonly keyFile: string; readonly storeFile: string };
}

export function makeAuthority(dir: string, name: string): Authority {
  const folder = join(dir, name);
  mkdirSync(folder);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'];
  openssl('req', '-x509', ...ec, '-days', '2', '-subj', `/CN=${name}`, '-keyout', 'ca.key', '-out', 'ca.pem');
  return {
    caFile: join(folder, 'ca.pem'),
    issue(host, address = '127.0.0.1') {
      const [csr, cert, key, store] = ['csr', 'pem', 'key', 'store.pem'].map((end) => `${host}.${end}`) as [string, string, string, string];
      openssl('req', ...ec, '-subj', `/CN=${host}`, '-keyout', key, '-out', csr);
      writeFileSync(join(folder, 'ext'), `subjectAltName=IP:${address}\n`);
      openssl('x509', '-req', '-in', csr, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', '2', '-extfile', 'ext', '-out', cert);
      // What Kafka takes for a keystore of type PEM: key and certificates in one file.
      writeFileSync(join(folder, store), readFileSync(join(folder, key), 'utf8') + readFileSync(join(folder, cert), 'utf8'));
      return { certFile: join(folder, cert), keyFile: join(folder, key), storeFile: join(folder, store) };
    },
  };
}

/** A user for SCRAM, by Kafka's own tool over the plain listener. */
export function addScramUser({ classpath, brokers }: KafkaCluster, user: string, password: string): void {
  const tool = ['-Xmx128m', '-XX:TieredStopAtLevel=1', 'kafka.admin.ConfigCommand', '--bootstrap-server', brokers.join()];
  // One at a time: the brokers refuse both in one request.
  for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512']) {
    const what = ['--alter', '--add-config', `${mechanism}=[iterations=4096,password=${password}]`, '--entity-type', 'users'];
    execFileSync('java', [...tool, ...what, '--entity-name', user], { stdio: 'pipe', env: { ...process.env, CLASSPATH: classpath } });
  }
}
