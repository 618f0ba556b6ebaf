import { testCrashesUnder } from './crash-matrix.js';

testCrashesUnder('answer-lost');
