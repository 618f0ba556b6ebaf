#!/usr/bin/env node
// A committed file, since npm links a command at install time, before the first build. The command line itself is src/dcrctl.ts.
import '../dist/dcrctl.js';
