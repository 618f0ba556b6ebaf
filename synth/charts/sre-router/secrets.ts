import type { SecretDoc } from '../../chart.js';

/** Every Secret that the chart reads: docs/values.md lists them, with the exact form of what they hold. */
export const sreRouterSecrets: readonly SecretDoc[] = [
  {
    value: 'tokensSecret',
    when: 'always',
    keys: {
      'tokens.json':
        'JSON list `[{"name": "alertmanager", "sha256": "…", "roles": ["ingest"]}]`; roles are `ingest`, `read`, `operate`; sha256 in lower-case hex of the token alone, without a line break',
    },
    create: `sum=$(printf %s "$TOKEN" | sha256sum | cut -d' ' -f1)
kubectl create secret generic sre-router-tokens --from-literal=tokens.json="[{\\"name\\": \\"alertmanager\\", \\"sha256\\": \\"$sum\\", \\"roles\\": [\\"ingest\\", \\"read\\", \\"operate\\"]}]"`,
  },
  {
    value: 'webhook.alertmanagerSecret',
    when: 'unless delivery: direct',
    keys: { alertmanager: 'the bearer token that Alertmanager shows, alone: without `Bearer`' },
    create: 'kubectl create secret generic sre-router-webhook --from-file=alertmanager=alertmanager.token --from-file=adhoc=adhoc.token',
  },
  {
    value: 'webhook.adhocSecret',
    when: 'unless delivery: direct',
    keys: { adhoc: 'the bearer token that people and scripts show, alone' },
    create: '',
  },
  {
    value: 'sensor.secret',
    when: 'delivery: http',
    keys: { authorization: 'the whole header: `Bearer ` and a token that tokens.json knows with the role `ingest`; no line break' },
    create: 'kubectl create secret generic sre-router-sensor --from-literal=authorization="Bearer $TOKEN"',
  },
  {
    value: 'destinations.slack.secret',
    when: 'destinations.slack.enabled; while it is missing, steps that need it wait',
    keys: { token: 'the bot token (xoxb-…), alone' },
    create: 'kubectl create secret generic sre-router-slack --from-file=token=slack.token',
  },
  {
    value: 'destinations.jira.secret',
    when: 'destinations.jira.enabled; while it is missing, steps that need it wait',
    keys: { token: 'cloud: the API token of the account in destinations.jira.email; datacenter: a personal access token; alone' },
    create: 'kubectl create secret generic sre-router-jira --from-file=token=jira.token',
  },
  {
    value: 'destinations.sre.secret',
    when: 'destinations.sre.enabled; while it is missing, steps that need it wait',
    keys: { token: 'the bearer token of the SRE API, alone, without `Bearer`' },
    create: 'kubectl create secret generic sre-router-sre-api --from-file=token=sre.token',
  },
  {
    value: 'destinations.filesSecret',
    when: 'where destinations.more names files; while it is missing, steps that need it wait',
    keys: {
      'any, e.g. pager.json':
        'what the destination wants: a token alone (tokenFile), or JSON `{"Authorization": "…"}` of headers (headersFile)',
    },
    create: 'kubectl create secret generic sre-router-files --from-file=pager.json',
  },
  {
    value: 'kafka.tls.caSecret',
    when: 'kafka.tls.mode: server or mutual, with log.kind: kafka or eventBus.kind: kafka',
    keys: { 'ca.crt': "PEM of the brokers' certificate authority; Strimzi keeps it in `<cluster>-cluster-ca-cert` of its own namespace" },
    create: 'kubectl create secret generic kafka-cluster-ca-cert --from-file=ca.crt',
  },
  {
    value: 'kafka.tls.clientSecret',
    when: 'kafka.tls.mode: mutual',
    keys: { 'user.crt': 'PEM of our certificate; Strimzi keeps it in the Secret of the KafkaUser', 'user.key': 'PEM of its private key' },
    create: 'kubectl create secret generic sre-router-kafka --from-file=user.crt --from-file=user.key',
  },
  {
    value: 'kafka.sasl.secret',
    when: 'kafka.sasl.mechanism: plain or scram-sha-…',
    keys: { username: 'the user name, alone', password: 'the password, alone' },
    create: 'kubectl create secret generic sre-router-kafka --from-literal=username=sre-router --from-file=password=kafka.password',
  },
  {
    value: 'image.pullSecrets',
    when: 'a registry that asks for a login',
    keys: { '.dockerconfigjson': 'as kubectl writes it' },
    create:
      'kubectl create secret docker-registry registry --docker-server=registry.example --docker-username=USER --docker-password="$PASSWORD"',
  },
];
