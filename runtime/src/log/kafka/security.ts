import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { KafkaConfig, SASLOptions } from 'kafkajs';
import { asError } from '../../errors.js';

/** `log.tls` and `log.sasl`. */
export interface SecuritySettings {
  readonly tls?:
    | { readonly caFile?: string | undefined; readonly certFile?: string | undefined; readonly keyFile?: string | undefined }
    | undefined;
  readonly sasl?:
    | { readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; readonly usernameFile: string; readonly passwordFile: string }
    | undefined;
}

/** A file of log.tls or log.sasl cannot be used. The message names setting, file and what is wrong, never what is in it. */
export class SecurityFileError extends Error {}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this process may not read it',
  EISDIR: 'it is a folder',
};

/** Reads the files anew at each call. `secret` reads a file and registers it with the redactor. Certificates are always verified. Throws SecurityFileError. */
export function readSecurity({ tls, sasl }: SecuritySettings, secret: (file: string) => string): Pick<KafkaConfig, 'ssl' | 'sasl'> {
  const given: Pick<KafkaConfig, 'ssl' | 'sasl'> = {};
  if (tls !== undefined) given.ssl = readTls(tls, secret);
  if (sasl !== undefined) {
    const { mechanism, usernameFile, passwordFile } = sasl;
    // Not by `secret`: a user called sre-router would be hidden in every topic's name.
    const username = filled('log.sasl.usernameFile', usernameFile, (file) => readFileSync(file, 'utf8').replace(/\r?\n$/, ''));
    const password = filled('log.sasl.passwordFile', passwordFile, secret);
    given.sasl = { mechanism, username, password } as SASLOptions;
  }
  return given;
}

function readTls(
  { caFile, certFile, keyFile }: NonNullable<SecuritySettings['tls']>,
  secret: (file: string) => string,
): { ca?: string; cert?: string; key?: string } {
  const plain = (file: string): string => readFileSync(file, 'utf8');
  const isCertificate = (text: string): unknown => new X509Certificate(text);
  const ca = caFile === undefined ? undefined : pem('log.tls.caFile', caFile, plain, isCertificate);
  const cert = certFile === undefined ? undefined : pem('log.tls.certFile', certFile, plain, isCertificate);
  const key = keyFile === undefined ? undefined : pem('log.tls.keyFile', keyFile, secret, createPrivateKey);
  if ((cert === undefined) !== (key === undefined))
    throw new SecurityFileError('log.tls.certFile and log.tls.keyFile go together: a certificate is of no use without its key.');
  if (cert !== undefined && key !== undefined) {
    try {
      createSecureContext({ cert, key });
    } catch {
      throw new SecurityFileError(`log.tls.keyFile: ${keyFile} is not the key of the certificate in log.tls.certFile: ${certFile}.`);
    }
  }
  return { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
}

function pem(setting: string, file: string, read: (file: string) => string, check: (text: string) => unknown): string {
  const text = filled(setting, file, read);
  try {
    check(text);
    return text;
  } catch {
    // OpenSSL's own words would not help, and may quote.
    const what = setting === 'log.tls.keyFile' ? 'private key without a passphrase' : 'certificate';
    throw new SecurityFileError(`${setting}: ${file} holds no ${what} in PEM.`);
  }
}

function filled(setting: string, file: string, read: (file: string) => string): string {
  let text: string;
  try {
    text = read(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new SecurityFileError(`${setting}: ${file} cannot be read: ${WHY[code] ?? code}.`);
  }
  if (text.trim() === '') throw new SecurityFileError(`${setting}: ${file} is empty.`);
  return text;
}

/** Of what OpenSSL and Node say about the other side's certificate. */
const UNTRUSTED = /self-signed certificate|unable to (get (local )?issuer|verify the first) certificate/i;
const OTHER_NAME = /does not match certificate's altnames|Hostname\/IP/i;
const EXPIRED = /certificate (has expired|is not yet valid)/i;
const NOT_TLS =
  /wrong version number|packet length too long|tls_get_more_records|http request|before secure TLS connection was established/i;
const WANTS_CERTIFICATE = /alert (certificate required|bad certificate|handshake failure|unknown ca)|sslv3 alert/i;

/** Why the brokers cannot be used, in a sentence that names the setting to look at. Never a secret. */
export function connectionProblem(thrown: unknown, brokers: readonly string[], { tls, sasl }: SecuritySettings): string {
  if (thrown instanceof SecurityFileError) return thrown.message;
  const error = rootOf(asError(thrown));
  const says = error.message.replace(/\.$/, '');
  const who = `the brokers ${brokers.join(', ')}`;
  if (error.name === 'KafkaJSSASLAuthenticationError' && sasl !== undefined)
    return `${who} refuse the log-in with the user in log.sasl.usernameFile (${sasl.usernameFile}) and the password in log.sasl.passwordFile (${sasl.passwordFile}), mechanism ${sasl.mechanism}: ${says}.`;
  const authority = tls?.caFile === undefined ? "the system's authorities (log.tls.caFile is not set)" : `log.tls.caFile (${tls.caFile})`;
  if (UNTRUSTED.test(says)) return `${who} have a certificate that is not signed by ${authority}: ${says}.`;
  if (OTHER_NAME.test(says)) return `${who} have a certificate for other names than those in log.brokers: ${says}.`;
  if (EXPIRED.test(says)) return `${who} have a certificate that is not valid now: ${says}.`;
  if (NOT_TLS.test(says)) return `${who} do not seem to speak TLS on that port, and log.tls is set: ${says}.`;
  if (WANTS_CERTIFICATE.test(says)) return `${who} do not take our certificate (log.tls.certFile, ${tls?.certFile ?? 'not set'}): ${says}.`;
  const { type } = error as { type?: unknown };
  if (typeof type === 'string')
    return `${who} refuse what the router asks of them (${type}): ${says}.${/AUTHORIZATION/.test(type) ? ' Give our user the right to describe, read and write its topics and groups.' : ''}`;
  const hints = [...(tls === undefined ? ['TLS (log.tls)'] : []), ...(sasl === undefined ? ['a log-in (log.sasl)'] : [])];
  const isClosed = /closed connection|ECONNRESET|socket hang up|disconnected/i.test(says);
  return `${who} do not answer: ${says}.${isClosed && hints.length > 0 ? ` Perhaps they want ${hints.join(' or ')}.` : ''}`;
}

/** What kafkajs wrapped when it had tried often enough. */
function rootOf(error: Error): Error {
  for (let at = error; ; at = at.cause) if (!(at.cause instanceof Error)) return at;
}
