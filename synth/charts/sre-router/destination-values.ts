import { z } from 'zod';
import { address, duration, line, objectName, secretKey, settingsByName } from './value-blocks.js';

/** What comes in under which name, and where actions go. */

const baseUrl = (what: string) =>
  z
    .union([z.literal(''), address()])
    .default('')
    .describe(what);

export const destinations = z
  .strictObject({
    slack: z
      .strictObject({
        enabled: z.boolean().default(false).describe('Actions may call Slack.'),
        baseUrl: address().default('https://slack.com/api/').describe('Where it is.'),
        secret: secretKey('sre-router-slack', 'token', 'the bot token'),
      })
      .prefault({})
      .describe('Slack. While its Secret is missing, steps that need it wait.'),
    jira: z
      .strictObject({
        enabled: z.boolean().default(false).describe('Actions may call Jira.'),
        kind: z
          .enum(['cloud', 'datacenter'])
          .default('cloud')
          .describe('cloud: API 3, e-mail and API token. datacenter: API 2, bearer token.'),
        baseUrl: baseUrl('Where it is, e.g. https://example.atlassian.net.'),
        email: z
          .union([z.literal(''), z.string().regex(/^[-A-Za-z0-9._%+]+@[-A-Za-z0-9.]+$/)])
          .default('')
          .describe('cloud: of the account whose API token is used.'),
        secret: secretKey('sre-router-jira', 'token', 'the token'),
      })
      .prefault({})
      .describe('Jira.'),
    sre: z
      .strictObject({
        enabled: z.boolean().default(false).describe('Actions may submit tasks.'),
        baseUrl: baseUrl('Where it is, e.g. https://sre.example.com/api/. Inside the cluster it needs a rule in networkPolicy.egress.'),
        idempotencyHeader: z
          .union([z.literal(''), z.string().regex(/^[A-Za-z][-A-Za-z0-9]*$/)])
          .default('')
          .describe(
            'Header by which it knows a task that is submitted again, e.g. Idempotency-Key. Empty: unknown outcomes wait for a person.',
          ),
        idempotencyKeepFor: duration().default('24h').describe('How long it remembers such a key.'),
        secret: secretKey('sre-router-sre-api', 'token', 'the bearer token'),
      })
      .prefault({})
      .describe('The SRE API.'),
    more: settingsByName()
      .default({})
      .describe(
        'More destinations by name (with a dash), as docs/configuration.md has them, e.g. { http-pager: { kind: http, baseUrl: https://p.example, headersFile: /etc/sre-router/files/pager.json } }.',
      ),
    filesSecret: z
      .union([z.literal(''), objectName()])
      .default('')
      .describe('Secret whose keys become files in /etc/sre-router/files, for destinations.more. Empty: none.'),
  })
  .prefault({})
  .describe('Where actions go. Mappings name them.');

export const sources = z
  .strictObject({
    alertmanagerKey: z
      .union([z.literal(''), line()])
      .default('')
      .describe("CEL over event and data: what orders Alertmanager's alerts, e.g. data.labels.cluster. Empty: the fingerprint."),
    more: settingsByName()
      .default({})
      .describe('More sources by name (with a dash), e.g. { alertmanager-eu: { kind: alertmanager } }: another cluster is another source.'),
  })
  .prefault({})
  .describe('What comes in. alertmanager, adhoc, events and argo are always there.');

export const mappings = z
  .strictObject({
    bundled: z
      .boolean()
      .default(false)
      .describe('The mapping files of this repository (mappings/), each a ConfigMap. mappings/canary.yaml is there always.'),
    existing: z
      .array(z.strictObject({ configMap: z.strictObject({ name: objectName() }) }))
      .default([])
      .describe(
        'ConfigMaps with mapping files that others make, e.g. [{ configMap: { name: my-mappings } }]. Pods are not rolled when these change.',
      ),
  })
  .prefault({})
  .describe('Which events lead to which actions.');

export const incidents = z
  .strictObject({
    reopenWithinMinutes: z
      .int()
      .min(1)
      .max(10_080)
      .default(30)
      .describe('A new occurrence this soon after the last close reopens the incident.'),
    expireAfterHours: z
      .int()
      .min(1)
      .max(720)
      .default(12)
      .describe("An open incident without a sign of life expires. Several times Alertmanager's repeat_interval."),
    dedupeWindowMinutes: z
      .int()
      .min(1)
      .max(43_200)
      .default(60)
      .describe('An event id or nonce is known again for this long; at most log.retentionDays.'),
  })
  .prefault({})
  .describe('When alerts belong together.');
