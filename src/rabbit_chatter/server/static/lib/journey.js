// One message's way through the house, found in the spans of its trace.

const MESSAGE = "messaging.message.id";

/** Children by parent, each in the order in which they began. */
function family(spans) {
  const children = new Map();
  for (const span of [...spans].sort((a, b) => a.start_us - b.start_us)) {
    const siblings = children.get(span.parent_id) ?? [];
    siblings.push(span);
    children.set(span.parent_id, siblings);
  }
  return children;
}

/** All spans as a list of { span, depth }, each below its parent; those whose parent is missing are roots. */
export function tree(spans) {
  const known = new Set(spans.map((span) => span.span_id));
  const orphans = spans.map((span) => (known.has(span.parent_id) ? span : { ...span, parent_id: null }));
  return below(null, 0, family(orphans), () => true);
}

function below(id, depth, children, goesOn) {
  return (children.get(id) ?? []).flatMap((span) => [
    { span, depth },
    ...(goesOn(span) ? below(span.span_id, depth + 1, children, goesOn) : []),
  ]);
}

/**
 * The part of a trace that is about one message: its publish, the time in its queues, who processed it, what
 * was composed as an answer, and the answer's publish, but not where that went. Null where nothing is known yet.
 */
export function journey(spans, messageId) {
  const start = spans.find((span) => span.kind === "producer" && span.attributes[MESSAGE] === messageId);
  if (!start) return null;
  const isAnswer = (span) => span.kind === "producer" && span !== start;
  const rows = below(start.span_id, 1, family(spans), (span) => !isAnswer(span));
  return [{ span: start, depth: 0 }, ...rows];
}

/** What happened to a message in a few figures; all but `publish` may be missing. */
export function facts(rows, recipient) {
  const spans = rows.map((row) => row.span);
  const process = spans.find((span) => span.kind === "consumer" && (!recipient || span.instance === recipient));
  const wait = spans.find((span) => span.span_id === process?.parent_id);
  const own = (name) => spans.find((span) => span.parent_id === process?.span_id && span.name.startsWith(name));
  return {
    publish: spans[0],
    wait: wait?.name.startsWith("queue wait") ? wait : undefined,
    process,
    compose: own("compose"),
    reply: own("publish"),
    redelivered: spans.some((span) => span.attributes["chatter.redelivered"]),
    trouble: spans.filter((span) => span.error),
  };
}

/** What a span means, for those who see one for the first time. */
export function meaning(span) {
  const [first] = span.name.split(" ");
  return {
    converse: "a bot decides to begin a conversation",
    publish: "handed to RabbitMQ; ends when the broker has confirmed that it keeps the message",
    queue: "waiting in RabbitMQ until a consumer gets it",
    process: "in the hands of a consumer, until it acknowledges; a bot reads and types in this time",
    compose: "the dialect finds words for an answer",
  }[first];
}
