// Whether npm's `standardwebhooks` accepts the requests on stdin: one list of booleans to stdout.
"use strict";

const { Webhook, WebhookVerificationError } = require("standardwebhooks");
const { readFileSync } = require("node:fs");

const asked = JSON.parse(readFileSync(0, "utf8"));
Date.now = () => asked.now * 1000;

function accepts({ secret, headers, body }) {
  try {
    new Webhook(secret).verify(Buffer.from(body, "base64"), headers);
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}

console.log(JSON.stringify(asked.requests.map(accepts)));
