import { testCrashesUnder } from './crash-matrix.js';

testCrashesUnder('500-after');
