#include "codec/json/health.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json/kernel.hpp"
#include "tests/codec/json/decoder_fixture.hpp"

namespace tapeline::codec::json {
namespace {

std::string nested(int levels) {
  const auto count = static_cast<std::size_t>(levels);
  return R"({"status":"ok","x":)" + std::string(count, '[') + std::string(count, ']') + "}";
}

struct Case {
  std::string json;
  std::optional<bool> expected;
};

std::vector<Case> cases() {
  return {
      {R"({"status":"ok"})", true},
      {R"(  { "status" : "ok" }  )", true},
      {R"({"status":"failing"})", false},
      {R"({"status":""})", false},
      {R"({"status":"OK"})", false},
      {R"({"status":"ok "})", false},
      {R"({"status":"\u006fk"})", true},
      {R"({"\u0073tatus":"ok"})", true},
      {R"({"name":"a\"b","lines":[1,-2.5e3,{"status":"bad"},[],{}],"t":true,"n":null,"status":"ok"})",
       true},
      {R"({"status":"ok","lines":[{"status":"bad"}],"f":false})", true},
      {"", {}},
      {" ", {}},
      {"ok", {}},
      {R"("ok")", {}},
      {"null", {}},
      {"17", {}},
      {"{}", {}},
      {R"(["status","ok"])", {}},
      {R"({"state":"ok"})", {}},
      {R"({"status":1})", {}},
      {R"({"status":null})", {}},
      {R"({"status":["ok"]})", {}},
      {R"({"inner":{"status":"ok"}})", {}},
      {R"({"status":"ok","status":"ok"})", {}},
      {R"({"status":"ok"}})", {}},
      {R"({"status":"ok"} {})", {}},
      {R"({"status":"ok"},)", {}},
      {R"({"status":"ok",})", {}},
      {R"({"status" "ok"})", {}},
      {R"({"status":"ok" "x":1})", {}},
      {R"({"status":"ok","x"})", {}},
      {R"({"status":"ok","x":})", {}},
      {R"({"status":"ok","x":[1,,2]})", {}},
      {R"({"status":"ok","x":[1,2})", {}},
      {R"({"status":"ok","x":{"y":[}]}})", {}},
      {R"({"status":"ok","x":1e})", {}},
      {R"({"status":"ok","x":01})", {}},
      {R"({"status":"ok","x":nul})", {}},
      {R"({"status":"ok","x":nope})", {}},
      {R"({"status":"ok","x":truth})", {}},
      {R"({"status":"ok","x":"\q"})", {}},
      {R"({"status":"ok","x":"\ud800"})", {}},
      {R"({'status':'ok'})", {}},
      {"{\"status\":\"ok\",\"x\":\"\x80\"}", {}},
      {"{\"status\":\"ok\",\"x\":\"\n\"}", {}},
      {std::string("{\"status\":\"ok\"}\0", 16), {}},
      {nested(31), true},
      {nested(33), {}},
      {nested(5'000), {}},
      {R"({"status":"ok","x":")" + std::string(10'000, 'x') + "\"}", true},
      {R"({"status":"ok","x":")" + std::string(kMaxHealthBytes, 'x') + "\"}", {}},
  };
}

std::string printable(const std::string& json) { return json.substr(0, 80); }

TEST(JsonHealth, AnswersOnlyForWellFormedDocuments) {
  for (const Case& c : cases()) EXPECT_EQ(health_is_ok(c.json), c.expected) << printable(c.json);
}

TEST(JsonHealth, BothKernelsAgree) {
  for (const Case& c : cases()) {
    if (c.json.size() > kMaxHealthBytes) continue;
    const std::string padded = c.json + std::string(kPaddingBytes, '\0');
    for (const detail::Kernel* const kernel : test::kernels()) {
      EXPECT_EQ(kernel->health_is_ok(padded.data(), c.json.size()), c.expected)
          << kernel->parser_type << ' ' << printable(c.json);
    }
  }
}

TEST(JsonHealth, RejectsEveryTruncation) {
  const std::string whole = R"({"status":"ok","lines":[{"a":1.5,"b":[true,null]}],"c":"d"})";
  ASSERT_EQ(health_is_ok(whole), std::optional<bool>{true});
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_EQ(health_is_ok(std::string_view{whole}.substr(0, length)), std::nullopt) << length;
  }
}

TEST(JsonHealth, DoesNotReadBehindTheText) {
  const std::string text = R"({"status":"ok"}"trailing")";
  EXPECT_EQ(health_is_ok(std::string_view{text}.substr(0, 15)), std::optional<bool>{true});
}

}  // namespace
}  // namespace tapeline::codec::json
