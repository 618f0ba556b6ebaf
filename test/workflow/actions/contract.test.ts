import { testActionContract } from '#test/contract/action.contract.js';
import { CASES } from './cases.js';

testActionContract(CASES);
