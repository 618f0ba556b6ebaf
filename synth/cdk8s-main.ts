import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App } from 'cdk8s';
import { addToApp } from './add-to-app.js';
import { CHARTS } from './charts.js';
import { Workspace } from './workspace.js';

/** What cdk8s.yaml names as its app. */
const app = new App();
addToApp(app, new Workspace(resolve(dirname(fileURLToPath(import.meta.url)), '../..'), CHARTS));
app.synth();
