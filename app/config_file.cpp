// Reading the bytes of a configuration file: the part of config_document.hpp that knows files.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "app/config_document.hpp"

namespace tapeline {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor) noexcept : descriptor_{descriptor} {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int get() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

[[noreturn]] void throw_unreadable(const std::string& name, int error) {
  if (error == ENOENT || error == ENOTDIR) {
    throw_config_error(name, {}, "no such file; give the path of a YAML file");
  }
  if (error == EISDIR) {
    throw_config_error(name, {}, "is a directory; give the path of a YAML file");
  }
  throw_config_error(name, {},
                     "can not be read: " + std::generic_category().message(error) +
                         "; give the path of a YAML file that this user may read");
}

}  // namespace

std::string read_config_file(const std::filesystem::path& file) {
  const std::string name = file.string();
  const FileDescriptor descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (descriptor.get() < 0) throw_unreadable(name, errno);
  std::string text(kMaxConfigBytes + 1, '\0');
  std::size_t used = 0;
  while (used < text.size()) {
    const ssize_t got = ::read(descriptor.get(), text.data() + used, text.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_unreadable(name, errno);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  text.resize(used);
  return text;
}

}  // namespace tapeline
