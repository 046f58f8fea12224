/** What is written into messages. */
import type { Mutant } from "./mutant.ts";

export const MAIL_MUTANTS: readonly Mutant[] = [
  {
    name: "submission: Bcc stays",
    file: "lib/mail/submission.ts",
    find: '["Bcc", "Resent-Bcc", "Return-Path"]',
    replace: '["Return-Path"]',
    test: {
      file: "tests/mail_submission_test.ts",
      name: "prepareSubmission changes its few fields and no other byte",
    },
    why: "whom a Bcc names is nobody else's business",
  },
  {
    name: "field: a value begins another field",
    file: "lib/mail/field.ts",
    find: 'return text.replace(/[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]/g, " ");',
    replace: "return text;",
    test: {
      file: "tests/mail_field_test.ts",
      name: "no value breaks out of its field or makes a line of more than 998 octets",
    },
    why: "header injection",
  },
  {
    name: "trace: a HELO name ends the field",
    file: "lib/mail/trace.ts",
    find: '.replace(/[^A-Za-z0-9.:_@[\\]/-]/g, "?")',
    replace: "",
    test: {
      file: "tests/mail_trace_test.ts",
      name: "no name of a stranger breaks out of the Received field",
    },
    why: "header injection through HELO",
  },
];
