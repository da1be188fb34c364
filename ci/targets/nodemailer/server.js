// nodemailer's smtp-server as a target: its own protocol, and handlers that keep mail in Maildirs.
//
// The handlers do what first handlers do, no more: they refuse strangers and write the octets that
// they are given.  What the suites find here is therefore smtp-server's, or lies in what its users
// write.  Words: PORT, then the directory for mail/ and tls/.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { SMTPServer } = require("smtp-server");
const { mailboxOf, newMessage } = require("../maildirs.js");

const port = Number(process.argv[2]);
const home = process.argv[3].replace("--home=", "");

function refusal(responseCode, message) {
  return Object.assign(new Error(message), { responseCode });
}

function onAuth(auth, session, callback) {
  const known =
    auth.username === "alice" &&
    (auth.validatePassword ? auth.validatePassword("secret") : auth.password === "secret");
  if (known) return callback(null, { user: auth.username });
  return callback(refusal(535, "Invalid username or password"));
}

function onRcptTo(address, session, callback) {
  const mailbox = mailboxOf(address.address);
  if (mailbox) return callback();
  return callback(refusal(550, mailbox === "" ? "No such user" : "No relaying"));
}

// The text comes once, and is written once for each recipient.
function onData(stream, session, callback) {
  const chunks = [];
  stream.on("data", (chunk) => chunks.push(chunk));
  stream.once("end", async () => {
    try {
      const content = Buffer.concat(chunks);
      for (const recipient of session.envelope.rcptTo) {
        await keep(mailboxOf(recipient.address), content);
      }
      return callback(null, "Message kept");
    } catch (error) {
      return callback(error);
    }
  });
}

function keep(mailbox, content) {
  return new Promise((resolve, reject) => {
    const message = newMessage(path.join(home, "mail"), mailbox);
    message.stream.once("error", reject);
    message.stream.once("close", () => {
      message.keep();
      resolve();
    });
    message.stream.end(content);
  });
}

const standard = {
  name: "mail.example.test",
  key: fs.readFileSync(path.join(home, "tls", "key.pem")),
  cert: fs.readFileSync(path.join(home, "tls", "cert.pem")),
  size: 1024 * 1024,
  rejectOversized: true,
  authMethods: ["PLAIN", "LOGIN", "CRAM-MD5"],
  authOptional: true,
  disableReverseLookup: true,
  // ten commands would be the default, which is fewer than honest clients need here
  maxAllowedUnauthenticatedCommands: false,
  // off by default, and there: what is offered can be tested
  hideENHANCEDSTATUSCODES: false,
  hideDSN: false,
  hideREQUIRETLS: false,
  onAuth,
  onRcptTo,
  onData,
};

const doors = [
  {},
  { authOptional: false },
  { authOptional: false, secure: true },
  { lmtp: true },
];
doors.forEach((door, offset) => {
  const server = new SMTPServer({ ...standard, ...door });
  server.on("error", (error) => console.log(error.message));
  server.listen(port + offset, "127.0.0.1");
});
process.once("SIGTERM", () => process.exit(0));
