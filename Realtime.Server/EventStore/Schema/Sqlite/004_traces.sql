-- The trace context of an event (W3C traceparent); null unless its publish was sampled, which takes no more than one byte.
alter table events add column traceparent text;
