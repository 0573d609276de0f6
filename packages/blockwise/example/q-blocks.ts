import {
  BlockSchedule,
  findBlock,
  promptTiming,
  QBlock2Receiver,
  QBlock2Sender,
  readBlockRequest,
  reportOptions,
} from '@lb-matrix/blockwise';

const CONTENT = 0x45;
const Q_BLOCK_2 = 31;
const room = { maxMessageBytes: 600, tokenLength: 4 };
const timing = promptTiming(100);

// The server: which block is next, and what its message is. When it may leave is yours to say, a token for each to remember.
const sender = new QBlock2Sender({ code: CONTENT, options: [], payload: new Uint8Array(2500) }, 6, room, true);
const schedule = new BlockSchedule<string>(sender.count);
const outcomes = {
  delivered: (token: string) => console.log(`  ${token} is there`),
  lost: (token: string) => console.log(`  ${token} is lost`),
  superseded: (token: string) => console.log(`  ${token} was there before`),
};

// The client: one object for each response.
const receiver = new QBlock2Receiver(100_000, timing);

let now = 0;
for (let datagrams = 1; !schedule.done; datagrams++, now += 10) {
  const num = schedule.next();
  if (num !== undefined) {
    console.log(`block ${num} of ${sender.count}`);
    schedule.sent(num, `block ${num}`, now);
    const message = sender.block(num);
    const block = findBlock(message.options, Q_BLOCK_2);
    // The second datagram does not arrive.
    if (datagrams !== 2 && block !== undefined && block !== 'invalid') receiver.accept(message, block, now);
  }
  // What the client says goes into a request, and its options tell the server.
  const report = receiver.report(now);
  if (report === undefined || report === 'stale') continue;
  console.log(`the client lacks [${report.missing}] of what is before block ${report.proceed}`);
  const asked = readBlockRequest(reportOptions(report, receiver.szx), timing.maxPayloads);
  if (asked !== 'whole' && asked !== 'invalid') schedule.take(asked, outcomes, now);
}
console.log(`${receiver.take().payload.length} bytes`);
