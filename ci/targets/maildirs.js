// Maildirs for the targets that are written in JavaScript, and who lives here.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const LOCAL = new Set(["alice", "bob", "postmaster"]);
let serial = 0;

// The mailbox of an address of ours; "" for a stranger at our domain, undefined for anybody else's.
function mailboxOf(address) {
  const text = address.toLowerCase();
  if (text === "postmaster") return text;
  const at = text.lastIndexOf("@");
  const domain = text.slice(at + 1);
  if (domain === "many.example.test") return "many";
  // the literal of an address of ours is we: RFC 1123 5.2.17
  if (domain !== "example.test" && domain !== "[127.0.0.1]") return undefined;
  // RFC 5321 4.1.2: quotes that need not be there make no other mailbox
  const name = text.slice(0, at).replace(/^"(.*)"$/, "$1").replace(/\\(.)/g, "$1");
  return LOCAL.has(name) ? name : "";
}

// A stream into a new message of the mailbox, and what to call once it is written.  Whole or not at
// all, as Maildir wants it.
function newMessage(home, mailbox) {
  serial += 1;
  const unique = `${Date.now()}.${process.pid}_${serial}.mail.example.test`;
  const draft = path.join(home, mailbox, "tmp", unique);
  const keep = () => fs.renameSync(draft, path.join(home, mailbox, "new", unique));
  return { stream: fs.createWriteStream(draft), keep };
}

module.exports = { mailboxOf, newMessage };
