import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { runTool } from '#test/support/tool.js';

/** gopher-lua, which Argo CD runs these scripts with. */
const GLUA = process.env.GLUA_BIN ?? 'glua';
const folder = mkdtempSync(join(tmpdir(), 'sre-router-lua-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { data } = parse(readFileSync('charts/argocd/health/argocd-cm.yaml', 'utf8')) as { data: Record<string, string> };
const scriptOf = (kind: string): string => data[`resource.customizations.health.argoproj.io_${kind}`] ?? '';

/** JSON as a Lua table. */
function luaOf(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(luaOf).join(', ')}}`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, member]) => `["${key}"] = ${luaOf(member)}`)
      .join(', ')}}`;
  return JSON.stringify(value);
}

let count = 0;
async function healthOf(kind: string, status: object | undefined): Promise<{ status: string; message: string }> {
  const file = join(folder, `${count++}.lua`);
  writeFileSync(
    file,
    `obj = ${luaOf({ kind, ...(status && { status }) })}
local function health()
${scriptOf(kind)}
end
local answer = health()
print(answer.status .. "|" .. (answer.message or ""))
`,
  );
  const { code, text } = await runTool(GLUA, [file]);
  expect({ code, text }).toMatchObject({ code: 0 });
  const [word = '', message = ''] = text.trim().split('|');
  return { status: word, message };
}

const condition = (type: string, status: string, more: object = {}): object => ({ type, status, ...more });
const ALL: Readonly<Record<string, readonly string[]>> = {
  Sensor: ['DependenciesProvided', 'TriggersProvided', 'Deployed'],
  EventSource: ['SourcesProvided', 'Deployed'],
};

test.each(Object.entries(ALL))('a %s is healthy when all its conditions are true, and only then', async (kind, types) => {
  const all = types.map((type) => condition(type, 'True'));
  const waiting = { status: 'Progressing', message: 'Waiting for its conditions' };
  expect(await healthOf(kind, { conditions: all })).toEqual({ status: 'Healthy', message: '' });
  expect(await healthOf(kind, undefined)).toEqual(waiting);
  expect(await healthOf(kind, {})).toEqual(waiting);
  expect(await healthOf(kind, { conditions: [] })).toEqual(waiting);
  expect(await healthOf(kind, { conditions: all.slice(0, -1) })).toEqual(waiting);
  expect(await healthOf(kind, { conditions: [condition(types[0] ?? '', 'Unknown'), ...all.slice(1)] })).toEqual(waiting);
});

test.each(Object.entries(ALL))('a %s that its controller refuses is degraded, and says why', async (kind, types) => {
  const rest = types.slice(0, -1).map((type) => condition(type, 'True'));
  const refused = condition('Deployed', 'False', { reason: 'EventBusNotFound', message: 'EventBus default is not there' });
  expect(await healthOf(kind, { conditions: [...rest, refused] })).toEqual({
    status: 'Degraded',
    message: 'Deployed: EventBus default is not there',
  });
  expect(
    await healthOf(kind, { conditions: [condition('Deployed', 'True'), condition('X', 'False', { reason: 'Bad', message: '' })] }),
  ).toEqual({ status: 'Degraded', message: 'X: Bad' });
  expect(await healthOf(kind, { conditions: [condition('X', 'False')] })).toEqual({ status: 'Degraded', message: 'X: no reason given' });
});

test('a child Application is as healthy as it says, so that the next wave waits for it', async () => {
  expect(await healthOf('Application', { health: { status: 'Degraded', message: 'a pod falls over' } })).toEqual({
    status: 'Degraded',
    message: 'a pod falls over',
  });
  expect(await healthOf('Application', { health: { status: 'Healthy' } })).toEqual({ status: 'Healthy', message: '' });
  expect(await healthOf('Application', {})).toEqual({ status: 'Progressing', message: '' });
});
