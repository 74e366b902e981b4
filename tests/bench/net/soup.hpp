#pragma once

// SoupBinTCP over loopback TCP: a server that writes as fast as it can, and tapeline's client.

namespace tapeline::bench {

// Sequenced packets of 50 bytes (length, type and message) per second, for about `seconds`; the
// server's thread on processor 0, the client on processor 1. Throws std::runtime_error when they
// do not get together.
[[nodiscard]] double soup_frames_per_second(double seconds);

}  // namespace tapeline::bench
