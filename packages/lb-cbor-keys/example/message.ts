import { CborError, decodeToJson, decodeValue, encodeJson, encodeValue, keyTable } from '@lb-matrix/lb-cbor-keys';

const json = '{"type":"m.room.message","content":{"msgtype":"m.text","body":"Hello World"}}';

// JSON text to CBOR, with the integer keys of MSC3079's table version 1, and back.
const cbor = encodeJson(json, { keys: keyTable(1) });
console.log(`${json.length} bytes of JSON, ${cbor.length} of CBOR`);
console.log(new TextDecoder().decode(decodeToJson(cbor)));

// Values work too. Here a peer's integer keys are noticed, and integers beyond 2^53 stay exact.
const value = decodeValue(encodeValue({ depth: 12345678901234567890n }, { keys: keyTable(1) }), {
  onIntegerKeys: () => console.log('the sender uses integer keys'),
});
console.log(value);

// What has no JSON form is refused, with the place.
try {
  decodeValue(Uint8Array.of(0xa1, 0x02, 0xf7));
} catch (error) {
  if (error instanceof CborError) console.log(error.code, error.reason, error.offset);
}
