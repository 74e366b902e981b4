#include "app/status/status_server.hpp"

#include <utility>

#include "app/status/dashboard.hpp"
#include "app/status/degraded.hpp"
#include "app/status/metrics.hpp"
#include "app/status/status_page.hpp"

namespace tapeline::status {
namespace {

constexpr int kNotReady = 503;

net::HttpResponse answer(std::string_view content_type, std::string body) {
  net::HttpResponse response;
  response.content_type = content_type;
  response.body = std::move(body);
  return response;
}

}  // namespace

StatusServer::StatusServer(SnapshotSource snapshot, const net::HttpLimits& limits)
    : snapshot_{std::move(snapshot)}, server_{limits} {
  for (const DashboardFile& file : dashboard_files()) {
    server_.get(std::string{file.path},
                [&file] { return answer(file.content_type, std::string{file.text}); });
  }
  server_.get("/healthz",
              [this] { return answer(kJsonContentType, health_json(take_snapshot())); });
  server_.get("/readyz", [this] {
    const StatusSnapshot state = take_snapshot();
    net::HttpResponse response = answer(kJsonContentType, ready_json(state));
    if (!unready_reasons(state).empty()) response.status = kNotReady;
    return response;
  });
  server_.get("/status", [this] { return answer(kJsonContentType, status_json(take_snapshot())); });
  server_.get("/metrics",
              [this] { return answer(kMetricsContentType, metrics_text(take_snapshot())); });
  server_.events("/events", [this] { return status_line(take_snapshot()); });
}

StatusSnapshot StatusServer::take_snapshot() const {
  StatusSnapshot state = snapshot_();
  const net::HttpCounters& counters = server_.counters();
  state.http = {.connections = counters.connections.get(),
                .answers = counters.answers.get(),
                .refusals = counters.refusals.get(),
                .displaced = counters.displaced.get(),
                .timed_out = counters.timed_out.get(),
                .subscribers = counters.subscribers.get()};
  return state;
}

}  // namespace tapeline::status
