// Sends messages by nodemailer: {transport, messages, atOnce} as JSON on standard input, one JSON
// line a message on standard output, which is what nodemailer says of it or its error.
"use strict";

const fs = require("node:fs");
const nodemailer = require("nodemailer");

async function outcome(sending) {
  try {
    return await sending;
  } catch (error) {
    return { error: error.message, code: error.code, responseCode: error.responseCode };
  }
}

async function main() {
  const { transport, messages, atOnce } = JSON.parse(fs.readFileSync(0, "utf8"));
  const sender = nodemailer.createTransport(transport);
  // Octets come in base64, because JSON has no octets.
  const wanted = messages.map((message) =>
    message.raw ? { ...message, raw: Buffer.from(message.raw, "base64") } : message,
  );
  const outcomes = [];
  if (atOnce) {
    outcomes.push(...(await Promise.all(wanted.map((it) => outcome(sender.sendMail(it))))));
  } else {
    for (const message of wanted) outcomes.push(await outcome(sender.sendMail(message)));
  }
  sender.close();
  for (const each of outcomes) console.log(JSON.stringify(each));
}

main();
