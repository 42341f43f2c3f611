"""The measures, in the order of the table. Each module has NAME, TITLE, TOOLS, METRICS and sample(context, tool)."""

from . import application, application_first, downtime, idle, latency, local_writes, object_store, parts, snapshot, stream

ALL = (latency.AtRate, latency.Isolated, idle.Idle, stream.Stream, local_writes.LocalWrites, snapshot.Snapshot,
       snapshot.Restore, parts.Parts, downtime.Downtime, application.Application, application.SmallRows, application_first.ApplicationFirst, object_store.Lag, object_store.Requests, object_store.Upload,
       object_store.Chain)
BY_NAME = {measure.name: measure for measure in ALL}
