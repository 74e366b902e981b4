#include "app/config_host.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace tapeline {
namespace {

Config config_with(const std::string& line, const std::string& top = "") {
  return parse_config(
      "feeds:\n  - name: f\n    channels:\n      - name: c\n        receive_buffer_bytes: 4096\n"
      "        lines:\n          - {name: A, port: 1, " +
          line + "}\n" + top,
      "c.yaml");
}

std::string first_error(const Config& config) {
  try {
    require_usable_host(config);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

class Folder {
 public:
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "tapeline-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST(ConfigHost, AcceptsLoopback) {
  EXPECT_EQ(first_error(config_with("group: 239.1.1.1, interface: lo")), "");
  EXPECT_EQ(first_error(config_with("group: 127.0.0.1")), "");
}

// In a network namespace of its own a process has no route to anywhere.
TEST(ConfigHost, RefusesGroupThatThisHostHasNoRouteTo) {
  constexpr int kSkipped = 77;
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) ::_exit(kSkipped);
    const bool refused =
        first_error(config_with("group: 239.1.1.1")) ==
        "c.yaml:7:39: this host has no route to 239.1.1.1; add 'interface: NAME' to receive it "
        "on, or a route";
    const bool named = first_error(config_with("group: 239.1.1.1, interface: lo")).empty();
    ::_exit(refused && named ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kSkipped) GTEST_SKIP() << "no namespaces here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(ConfigHost, RefusesCredentialsThatCanNotBeHad) {
  const std::string snapshot =
      "        snapshot: {servers: ['[::1]:1'], credentials_env: TAPELINE_NO_SUCH}\n";
  EXPECT_EQ(first_error(config_with("group: 239.1.1.1, interface: lo", snapshot)),
            "c.yaml:8:59: environment variable TAPELINE_NO_SUCH_USERNAME: is not set");
  const std::string file = "        snapshot: {servers: ['[::1]:1'], credentials_file: /no/such}\n";
  EXPECT_EQ(first_error(config_with("group: 239.1.1.1, interface: lo", file)),
            "c.yaml:8:60: credentials file /no/such: No such file or directory");
}

TEST(ConfigHost, NamesTheInterfacesThereAre) {
  const std::string error = first_error(config_with("group: 239.1.1.1, interface: nosuch0"));
  EXPECT_TRUE(error.starts_with("c.yaml:7:61: no interface 'nosuch0' on this host; there is "))
      << error;
  EXPECT_NE(error.find("lo"), std::string::npos);
}

TEST(ConfigHost, RefusesAddressOfAnotherHost) {
  EXPECT_EQ(first_error(config_with("group: 192.0.2.77")),
            "c.yaml:7:39: 192.0.2.77 is neither a multicast group nor an address of this host; "
            "write one of them");
  EXPECT_EQ(first_error(
                config_with("group: 239.1.1.1, interface: lo", "status: {address: 192.0.2.77}\n")),
            "c.yaml:8:19: 192.0.2.77 is no address of this host; use 127.0.0.1 or one of its own");
}

TEST(ConfigHost, WarnsOfStatusPageOpenToOthers) {
  const auto findings = examine_host(
      config_with("group: 239.1.1.1, interface: lo", "status: {address: 0.0.0.0, port: 0}\n"),
      true);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].kind, HostFinding::Kind::warning);
  EXPECT_EQ(findings[0].text,
            "c.yaml:8:19: the status page is open to other hosts at 0.0.0.0; 127.0.0.1 keeps it "
            "on this one");
}

TEST(ConfigHost, WarnsOfReceiveBufferThatTheKernelCuts) {
  std::ifstream file{"/proc/sys/net/core/rmem_max"};
  std::uint64_t limit = 0;
  if (!(file >> limit)) GTEST_SKIP() << "this kernel does not tell its limit";
  if (limit >= 1073741823) GTEST_SKIP() << "no limit here";
  Config config = config_with("group: 239.1.1.1, interface: lo", "status: {enabled: false}\n");
  EXPECT_TRUE(examine_host(config, true).empty());
  config.feeds[0].channels[0].receive_buffer_bytes = static_cast<std::uint32_t>(limit + 1);
  const auto findings = examine_host(config, true);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].kind, HostFinding::Kind::warning);
  EXPECT_TRUE(findings[0].text.starts_with("c.yaml:5:31: a receive buffer of "))
      << findings[0].text;
}

TEST(ConfigHost, KnowsFoldersThatCanBeWritten) {
  const Folder folder;
  EXPECT_EQ(folder_state(folder.path()), FolderState::writable);
  EXPECT_EQ(folder_state(folder.path() / "new" / "newer"), FolderState::can_be_created);
  std::ofstream{folder.path() / "file"} << "x";
  EXPECT_EQ(folder_state(folder.path() / "file"), FolderState::not_a_folder);
  EXPECT_EQ(folder_state(folder.path() / "file" / "below"), FolderState::not_a_folder);
}

TEST(ConfigHost, RefusesArchiveFolderThatIsAFile) {
  Config config =
      config_with("group: 239.1.1.1, interface: lo", "archive: {directory: /etc/passwd}\n");
  EXPECT_EQ(first_error(config), "");  // no archive, no error
  config.archive.enabled = true;
  EXPECT_EQ(first_error(config),
            "c.yaml:8:22: '/etc/passwd' is not a folder; name one for the archive files");
}

TEST(ConfigHost, RefusesMorePoolsThanMemory) {
  Config config = config_with("group: 239.1.1.1, interface: lo", "pool: {simd: {batch: 1}}\n");
  config.pool.simd.buffer_bytes = std::size_t{1} << 40;
  EXPECT_TRUE(first_error(config).starts_with("c.yaml:8:7: the pools take "))
      << first_error(config);
}

TEST(PoolMemory, IsThereAtStartUnlessThePoolGrows) {
  const PoolMemory one = memory_of({.buffer_bytes = 128, .buffer_count = 3, .overflow_buffers = 2});
  EXPECT_EQ(one.at_start, 640U);
  EXPECT_EQ(one.at_most, 640U);
  const PoolMemory growing =
      memory_of({.buffer_bytes = 128, .buffer_count = 3, .overflow_buffers = 2, .max_buffers = 9});
  EXPECT_EQ(growing.at_start, 640U);
  EXPECT_EQ(growing.at_most, 1152U);
}

}  // namespace
}  // namespace tapeline
