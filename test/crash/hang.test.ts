import { testCrashesUnder } from './crash-matrix.js';

testCrashesUnder('hang');
