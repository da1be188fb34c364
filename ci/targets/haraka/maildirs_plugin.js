// A plugin of Haraka that takes mail for those who live here, and writes it into Maildirs; and that
// wants a log-in on the ports of submission, for Haraka leaves that to its plugins.
"use strict";

const DSN = require("haraka-dsn");
const { mailboxOf, newMessage } = require(process.env.MAILDIRS_JS);

const SUBMISSION = new Set([2552, 2553]);

// No look-up: there need be no DNS here.
exports.hook_lookup_rdns = (next) => next(OK, "localhost");

exports.hook_mail = function (next, connection) {
  if (!SUBMISSION.has(connection.local.port) || connection.relaying) return next();
  return next(DENY, DSN.create(530, "Authentication required", 7, 0));
};

exports.hook_rcpt = function (next, connection, params) {
  const mailbox = mailboxOf(params[0].address);
  if (mailbox) return next(OK);
  if (mailbox === "") return next(DENY, DSN.addr_bad_dest_mbox("no such user"));
  return next(DENY, DSN.sec_unauthorized("no relaying"));
};

exports.hook_queue = write;
exports.hook_queue_outbound = write;

async function write(next, connection) {
  try {
    for (const recipient of connection.transaction.rcpt_to) {
      await writeOne(connection.transaction.message_stream, mailboxOf(recipient.address));
    }
  } catch (error) {
    connection.logerror(this, error.message);
    return next(DENYSOFT);
  }
  return next(OK);
}

function writeOne(messageStream, mailbox) {
  return new Promise((resolve, reject) => {
    const { stream, keep } = newMessage(process.env.MAILDIRS_HOME, mailbox);
    stream.once("error", reject);
    stream.once("close", () => {
      keep();
      resolve();
    });
    messageStream.pipe(stream);
  });
}
