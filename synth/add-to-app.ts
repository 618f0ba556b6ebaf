import { ApiObject, type App, Chart as Scope } from 'cdk8s';
import { bundle } from './chart.js';
import type { Workspace } from './workspace.js';

/** Every environment of every chart as a chart of a cdk8s app: what `npx cdk8s synth` prints, `<chart>-<environment>.k8s.yaml`. */
export function addToApp(app: App, workspace: Workspace): void {
  for (const chart of workspace.charts)
    for (const environment of workspace.environments(chart)) {
      const scope = new Scope(app, `${chart.name}-${environment}`, { disableResourceNameHashes: true });
      bundle(chart, workspace.read(chart, environment).values, chart.release).forEach((object, index) => {
        new ApiObject(scope, String(index), object);
      });
    }
}
