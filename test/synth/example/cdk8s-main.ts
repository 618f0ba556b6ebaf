import { App } from 'cdk8s';
import { addToApp } from '#synth/add-to-app.js';
import { Workspace } from '#synth/workspace.js';
import { exampleChart } from './chart.js';

/** The example as the app of `cdk8s synth`; the argument is the folder with charts/. */
const app = new App();
addToApp(app, new Workspace(process.argv[2] ?? '.', [exampleChart]));
app.synth();
