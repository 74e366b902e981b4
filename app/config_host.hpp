#pragma once

// A configuration against the host it is to run on: interfaces, addresses, the archive folder,
// kernel limits, memory. `check` shows all of it; `run` refuses to start on the errors.
//
// Thread safety: pure functions, apart from asking the system. Nothing is created or changed; the
// status address is bound for a moment when it is asked about.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "net/credentials.hpp"

namespace tapeline {

// One thing that is wrong, or that the operator should know.
struct HostFinding {
  enum class Kind : std::uint8_t { warning, error };
  Kind kind = Kind::warning;
  std::string text;  // one line, "file:line:column: ..." where a key is to blame
};

// Errors and warnings in the order of the file. `try_status_address` is false where the caller
// binds the address itself right after.
[[nodiscard]] std::vector<HostFinding> examine_host(const Config& config, bool try_status_address);

// Throws ConfigError with the first error that examine_host finds, without trying the status
// address. For commands that start what the configuration says.
void require_usable_host(const Config& config);

// Reads what the configuration names. Throws std::runtime_error, one line without the secret.
// Call it before there are threads.
[[nodiscard]] net::Credentials load_credentials(const CredentialsConfig& credentials);

// What the pools of a configuration take, in bytes.
struct PoolMemory {
  std::uint64_t at_start = 0;
  std::uint64_t at_most = 0;  // grown to its bound
};
[[nodiscard]] PoolMemory memory_of(const pool::PoolConfig& pool);
[[nodiscard]] PoolMemory memory_of(const pool::LockFreeBufferPoolConfig& pools);

// The state of a folder that files are to be written to.
enum class FolderState : std::uint8_t { writable, can_be_created, not_writable, not_a_folder };
[[nodiscard]] FolderState folder_state(const std::filesystem::path& folder);

}  // namespace tapeline
