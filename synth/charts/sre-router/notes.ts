import { HTTP_PORT, WEBHOOK_PORT } from './names.js';
import type { V } from './values.js';

/** What `helm install` says: where to post, and what Alertmanager needs. */
export function notes(v: V): string {
  const { name, namespace } = v.release;
  const router = `http://${name}.${namespace}.svc:${HTTP_PORT}`;
  const url =
    v.delivery === 'direct' ? `${router}/ingest/alertmanager` : `http://${name}-webhook.${namespace}.svc:${WEBHOOK_PORT}/alertmanager`;
  const adhoc = v.delivery === 'direct' ? `${router}/ingest/adhoc` : `http://${name}-webhook.${namespace}.svc:${WEBHOOK_PORT}/adhoc`;
  return `Alertmanager, in its receiver (the token is the one of the Secret, in a file that Alertmanager can read):

  webhook_configs:
    - url: ${url}
      send_resolved: true
      max_alerts: 0
      http_config: { authorization: { credentials_file: /etc/alertmanager/secrets/sre-router/token } }

Ad-hoc events:

  curl ${adhoc} -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
    -d '{"type": "adhoc.message", "data": {"text": "hello", "channel": "#sre"}}'

What became of them:

  kubectl --namespace ${namespace} exec deploy/${name} -- sre-router events --url http://127.0.0.1:${HTTP_PORT}

Secrets, their keys and what they hold: docs/values.md.
`;
}
