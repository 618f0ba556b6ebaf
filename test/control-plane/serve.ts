import { startControlPlane } from '#test/support/control-plane.js';
import { allCrds, installCrds } from '#test/support/crds.js';
import { Kube } from '#test/support/kube.js';
import { Processes } from '#test/support/processes.js';

/**
 * The control plane of a whole tier as a process, with every CRD that charts may need. First line: what tests connect to, as JSON. It ends, with all that it has
 * started, when its standard input does: whoever started it has then ended too, however that was.
 */
const processes = new Processes();
let ending = false;
function end(code: number): void {
  if (ending) return;
  ending = true;
  processes.close().then(
    () => process.exit(code),
    () => process.exit(1),
  );
}
process.stdin.resume();
process.stdin.on('close', () => end(0));
process.on('SIGTERM', () => end(0));
process.on('SIGINT', () => end(0));
try {
  const plane = await startControlPlane(processes);
  const kube = new Kube(plane.access);
  await installCrds(kube, allCrds().values());
  kube.close();
  process.stdout.write(`${JSON.stringify(plane)}\n`);
} catch (error) {
  process.stderr.write(`The control plane did not start: ${error instanceof Error ? error.message : String(error)}\n`);
  end(1);
}
