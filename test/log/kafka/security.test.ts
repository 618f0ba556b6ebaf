import { expect, test } from '@jest/globals';
import kafkajs from 'kafkajs';
import { connectionProblem } from '#runtime/log/kafka/security.js';

const problem = (error: unknown): string => connectionProblem(error, ['a:1', 'b:1'], {});

test('a right that is missing is told as such, and not as silence', () => {
  const refused = Object.assign(new Error('Not authorized to access topics: [Topic authorization failed]'), {
    type: 'TOPIC_AUTHORIZATION_FAILED',
  });
  expect(problem(refused)).toMatch(
    /^the brokers a:1, b:1 refuse what the router asks of them \(TOPIC_AUTHORIZATION_FAILED\): .*Give our user the right/,
  );
});

test('what kafkajs gave up after some tries is told by its cause', () => {
  const cause = new kafkajs.KafkaJSConnectionError('Connection error: connect ECONNREFUSED', {});
  const error = new kafkajs.KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 5, retryTime: 1 });
  expect(problem(error)).toBe('the brokers a:1, b:1 do not answer: Connection error: connect ECONNREFUSED.');
});
