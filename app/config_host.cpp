#include "app/config_host.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "app/channel_archive.hpp"
#include "app/config_address.hpp"
#include "app/config_document.hpp"

namespace tapeline {
namespace {

constexpr std::uint64_t kMib = 1U << 20;

// One interface of this host with its addresses.
struct Interface {
  std::string name;
  bool is_up = false;
  std::vector<IpAddress> addresses;
};

std::optional<IpAddress> address_of(const sockaddr* socket_address) {
  if (socket_address == nullptr) return std::nullopt;
  IpAddress address;
  if (socket_address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, socket_address, sizeof v4);
    std::memcpy(address.bytes.data(), &v4.sin_addr, sizeof v4.sin_addr);
    return address;
  }
  if (socket_address->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, socket_address, sizeof v6);
    address.is_v6 = true;
    std::memcpy(address.bytes.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
    return address;
  }
  return std::nullopt;
}

std::vector<Interface> interfaces_of_host() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) {
    throw std::system_error{errno, std::generic_category(), "can not list network interfaces"};
  }
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner{first, &::freeifaddrs};
  std::vector<Interface> interfaces;
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    const std::string name = entry->ifa_name;
    auto found = std::find_if(interfaces.begin(), interfaces.end(),
                              [&](const Interface& known) { return known.name == name; });
    if (found == interfaces.end()) {
      found = interfaces.insert(interfaces.end(), Interface{name, false, {}});
    }
    found->is_up = (entry->ifa_flags & unsigned{IFF_UP}) != 0;
    if (const auto address = address_of(entry->ifa_addr)) found->addresses.push_back(*address);
  }
  return interfaces;
}

std::optional<std::uint64_t> number_in(const char* path) {
  std::ifstream file{path};
  std::uint64_t number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

int family_of(const IpAddress& address) { return address.is_v6 ? AF_INET6 : AF_INET; }

// As the kernel takes it.
struct SocketAddress {
  SocketAddress(const IpAddress& address, std::uint16_t port) {
    if (address.is_v6) {
      sockaddr_in6 v6{};
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port);
      std::memcpy(&v6.sin6_addr, address.bytes.data(), sizeof v6.sin6_addr);
      std::memcpy(&storage, &v6, bytes = sizeof v6);
    } else {
      sockaddr_in v4{};
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      std::memcpy(&v4.sin_addr, address.bytes.data(), sizeof v4.sin_addr);
      std::memcpy(&storage, &v4, bytes = sizeof v4);
    }
  }
  [[nodiscard]] const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage); }

  sockaddr_storage storage{};
  socklen_t bytes = 0;
};

// Joining a group without naming an interface takes that of the route, and fails without one.
// Connecting a datagram socket looks the route up and sends nothing.
bool has_route(const IpAddress& group) {
  const int socket = ::socket(family_of(group), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return true;
  const SocketAddress place{group, 9};
  const int failed = ::connect(socket, place.data(), place.bytes) == 0 ? 0 : errno;
  ::close(socket);
  return failed != ENETUNREACH && failed != EHOSTUNREACH && failed != ENODEV;
}

class HostExaminer {
 public:
  explicit HostExaminer(const Config& config)
      : config_{config},
        interfaces_{interfaces_of_host()},
        receive_buffer_limit_{number_in("/proc/sys/net/core/rmem_max")} {}

  std::vector<HostFinding> take_findings() { return std::move(findings_); }

  void examine_feeds() {
    for (std::size_t feed = 0; feed < config_.feeds.size(); ++feed) {
      const auto& channels = config_.feeds[feed].channels;
      for (std::size_t channel = 0; channel < channels.size(); ++channel) {
        const std::string key =
            "feeds[" + std::to_string(feed) + "].channels[" + std::to_string(channel) + "]";
        examine_receive_buffer(key, channels[channel].receive_buffer_bytes);
        if (!channels[channel].snapshot.servers.empty()) {
          examine_credentials(key + ".snapshot", channels[channel].snapshot.credentials);
        }
        if (channels[channel].transport == Transport::soupbintcp) {
          examine_credentials(key + ".soupbintcp", channels[channel].soupbintcp.credentials);
        }
        for (std::size_t line = 0; line < channels[channel].lines.size(); ++line) {
          examine_line(key + ".lines[" + std::to_string(line) + "]", channels[channel].lines[line]);
        }
      }
    }
  }

  void examine_memory() {
    const long pages = ::sysconf(_SC_PHYS_PAGES);
    const long page_bytes = ::sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page_bytes <= 0) return;
    const std::uint64_t present =
        static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_bytes);
    const std::uint64_t pools = memory_of(config_.pool).at_start;
    if (pools > present) {
      error("pool", "the pools take " + std::to_string(pools / kMib) + " MiB, this host has " +
                        std::to_string(present / kMib) + " MiB; lower buffer_count");
      return;
    }
    const std::uint64_t whole =
        memory_of(config_.pool).at_most + config_.market.max_orders_mib * kMib;
    if (whole > present) {
      warn("market.max_orders_mib", "pools and orders may take " + std::to_string(whole / kMib) +
                                        " MiB, this host has " + std::to_string(present / kMib) +
                                        " MiB; lower max_orders_mib");
    }
  }

  void examine_archive() {
    if (!config_.archive.enabled) return;
    try {
      static_cast<void>(live_archive_config(config_, "", ""));
    } catch (const ConfigError& wrong) {
      findings_.push_back({HostFinding::Kind::error, wrong.what()});
    }
    const std::string folder = quoted_for_message(config_.archive.directory.string());
    switch (folder_state(config_.archive.directory)) {
      case FolderState::writable:
      case FolderState::can_be_created: return;
      case FolderState::not_a_folder:
        error("archive.directory", folder + " is not a folder; name one for the archive files");
        return;
      case FolderState::not_writable:
        error("archive.directory",
              folder + " can not be written by this user; name a folder that can");
        return;
    }
  }

  void examine_status(bool try_address) {
    if (!config_.status.enabled) return;
    const auto address = parse_ip_address(config_.status.address);
    if (!address) return;
    if (!address->is_loopback()) {
      warn("status.address", "the status page is open to other hosts at " + config_.status.address +
                                 "; 127.0.0.1 keeps it on this one");
    }
    if (!address->is_loopback() && !address->is_unspecified() && !is_of_this_host(*address)) {
      error("status.address", config_.status.address +
                                  " is no address of this host; use 127.0.0.1 or one of its own");
    } else if (try_address) {
      try_status_port(*address);
    }
  }

 private:
  void warn(std::string_view key, const std::string& text) {
    findings_.push_back({HostFinding::Kind::warning, place(key) + text});
  }
  void error(std::string_view key, const std::string& text) {
    findings_.push_back({HostFinding::Kind::error, place(key) + text});
  }
  [[nodiscard]] std::string place(std::string_view key) const {
    const std::string at = config_.origin.locate(key);
    return at.empty() ? at : at + ": ";
  }

  [[nodiscard]] bool is_of_this_host(const IpAddress& address) const {
    return std::any_of(interfaces_.begin(), interfaces_.end(), [&](const Interface& interface) {
      return std::find(interface.addresses.begin(), interface.addresses.end(), address) !=
             interface.addresses.end();
    });
  }

  void examine_line(const std::string& key, const LineConfig& line) {
    if (!line.interface.empty()) examine_interface(key + ".interface", line.interface);
    const auto group = parse_ip_address(line.group);
    if (group && !group->is_multicast() && !group->is_loopback() && !is_of_this_host(*group)) {
      error(key + ".group", line.group +
                                " is neither a multicast group nor an address of this "
                                "host; write one of them");
    }
    if (group && group->is_multicast() && line.interface.empty() && !has_route(*group)) {
      error(key + ".group", "this host has no route to " + line.group +
                                "; add 'interface: NAME' to receive it on, or a route");
    }
  }

  // The secrets are read and forgotten again: run would refuse what is refused here.
  void examine_credentials(const std::string& key, const CredentialsConfig& credentials) {
    try {
      static_cast<void>(load_credentials(credentials));
    } catch (const std::exception& wrong) {
      const bool is_file = !credentials.file.empty();
      error(key + (is_file ? ".credentials_file" : ".credentials_env"), wrong.what());
    }
  }

  void examine_interface(const std::string& key, const std::string& name) {
    std::string known;
    for (const Interface& interface : interfaces_) {
      if (interface.name == name) {
        if (!interface.is_up) warn(key, "interface " + quoted_for_message(name) + " is down");
        return;
      }
      known += (known.empty() ? "" : ", ") + interface.name;
    }
    error(key, "no interface " + quoted_for_message(name) + " on this host; there is " + known);
  }

  void examine_receive_buffer(const std::string& key, std::uint32_t bytes) {
    if (!receive_buffer_limit_ || bytes <= *receive_buffer_limit_) return;
    warn(key + ".receive_buffer_bytes",
         "a receive buffer of " + std::to_string(bytes) + " bytes is asked for, the kernel gives " +
             std::to_string(*receive_buffer_limit_) +
             "; sysctl -w net.core.rmem_max=" + std::to_string(bytes) + " allows it");
  }

  void try_status_port(const IpAddress& address) {
    if (config_.status.port == 0) return;
    const int socket = ::socket(family_of(address), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return;
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const SocketAddress place{address, config_.status.port};
    const int failed = ::bind(socket, place.data(), place.bytes) == 0 ? 0 : errno;
    ::close(socket);
    if (failed == 0) return;
    const std::string port = "port " + std::to_string(config_.status.port);
    warn("status.port",
         failed == EADDRINUSE
             ? port + " is in use now; stop what has it, or choose another"
             : port + " can not be had now: " + std::generic_category().message(failed));
  }

  const Config& config_;
  std::vector<Interface> interfaces_;
  std::optional<std::uint64_t> receive_buffer_limit_;
  std::vector<HostFinding> findings_;
};

}  // namespace

std::vector<HostFinding> examine_host(const Config& config, bool try_status_address) {
  HostExaminer examiner{config};
  examiner.examine_feeds();
  examiner.examine_memory();
  examiner.examine_archive();
  examiner.examine_status(try_status_address);
  return examiner.take_findings();
}

void require_usable_host(const Config& config) {
  for (const HostFinding& finding : examine_host(config, false)) {
    if (finding.kind == HostFinding::Kind::error) throw ConfigError{finding.text};
  }
}

net::Credentials load_credentials(const CredentialsConfig& credentials) {
  if (!credentials.file.empty()) return net::Credentials::from_file(credentials.file);
  return net::Credentials::from_environment(credentials.environment + "_USERNAME",
                                            credentials.environment + "_PASSWORD");
}

PoolMemory memory_of(const pool::PoolConfig& pool) {
  const std::uint64_t each = pool.buffer_bytes;
  const std::uint64_t at_start = std::uint64_t{pool.buffer_count} + pool.overflow_buffers;
  return {each * at_start, each * std::max<std::uint64_t>(at_start, pool.max_buffers)};
}

PoolMemory memory_of(const pool::LockFreeBufferPoolConfig& pools) {
  PoolMemory sum;
  for (const pool::PoolConfig* pool : {&pools.serialization, &pools.compression, &pools.simd}) {
    const PoolMemory one = memory_of(*pool);
    sum.at_start += one.at_start;
    sum.at_most += one.at_most;
  }
  return sum;
}

FolderState folder_state(const std::filesystem::path& folder) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(folder, error);
  if (error) return FolderState::not_writable;
  for (std::filesystem::path at = whole.lexically_normal();; at = at.parent_path()) {
    const auto status = std::filesystem::status(at, error);
    if (std::filesystem::exists(status)) {
      if (!std::filesystem::is_directory(status)) return FolderState::not_a_folder;
      if (::access(at.c_str(), W_OK | X_OK) != 0) return FolderState::not_writable;
      return at == whole.lexically_normal() ? FolderState::writable : FolderState::can_be_created;
    }
    const bool looked_at = !error || error == std::errc::no_such_file_or_directory ||
                           error == std::errc::not_a_directory;
    if (!looked_at || at == at.parent_path()) return FolderState::not_writable;
  }
}

}  // namespace tapeline
