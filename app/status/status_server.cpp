#include "app/status/status_server.hpp"

#include <utility>

#include "app/status/metrics.hpp"
#include "app/status/status_page.hpp"

namespace tapeline::status {
namespace {

net::HttpResponse answer(std::string_view content_type, std::string body) {
  net::HttpResponse response;
  response.content_type = content_type;
  response.body = std::move(body);
  return response;
}

}  // namespace

StatusServer::StatusServer(SnapshotSource snapshot) : snapshot_{std::move(snapshot)} {
  server_.get("/", [] { return answer(kHtmlContentType, std::string{page_html()}); });
  server_.get("/healthz",
              [this] { return answer(kJsonContentType, health_json(take_snapshot())); });
  server_.get("/status", [this] { return answer(kJsonContentType, status_json(take_snapshot())); });
  server_.get("/metrics",
              [this] { return answer(kMetricsContentType, metrics_text(take_snapshot())); });
}

StatusSnapshot StatusServer::take_snapshot() {
  const std::lock_guard lock{snapshot_mutex_};
  return snapshot_();
}

}  // namespace tapeline::status
