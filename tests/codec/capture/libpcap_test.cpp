// Agreement with libpcap: the same file, read by it and by us, gives the same records.

#include <gtest/gtest.h>
#include <pcap/pcap.h>

#include <cstdio>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "tests/codec/capture/capture_file.hpp"
#include "tests/codec/capture/chunked_reader.hpp"

namespace tapeline::codec::capture {
namespace {

using test::append;
using test::Bytes;
using test::OwnedRecord;
using test::read_in_chunks;
using test::Reading;

struct Close {
  void operator()(pcap_t* file) const noexcept { pcap_close(file); }
};

// What libpcap reads up to the end or the first error.
std::vector<OwnedRecord> read_with_libpcap(Bytes file) {
  std::vector<OwnedRecord> records;
  char error[PCAP_ERRBUF_SIZE] = {};
  FILE* const stream = fmemopen(file.data(), file.size(), "rb");
  if (stream == nullptr) return records;
  const std::unique_ptr<pcap_t, Close> reader{
      pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, error)};
  if (!reader) {
    std::fclose(stream);
    return records;
  }
  pcap_pkthdr* header = nullptr;
  const u_char* data = nullptr;
  while (pcap_next_ex(reader.get(), &header, &data) == 1) {
    const auto* const bytes = reinterpret_cast<const std::byte*>(data);
    records.push_back({Bytes(bytes, bytes + header->caplen),
                       std::int64_t{header->ts.tv_sec} * 1'000'000'000 + header->ts.tv_usec,
                       header->len, 0, LinkType::ethernet});
  }
  return records;
}

class Generator {
 public:
  explicit Generator(unsigned seed) : random_{seed} {}

  Bytes data() {
    Bytes bytes(below(10) == 0 ? below(3000) : below(120));
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(below(256));
    return bytes;
  }
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_()) % bound; }

  Bytes pcap() {
    const test::PcapFormat format = test::kPcapFormats[below(4)];
    Bytes file = test::pcap_header(format, LinkType::ethernet);
    for (std::uint32_t packets = below(40); packets > 0; --packets) {
      const Bytes bytes = data();
      test::add_record(file, format, 1'500'000'000 + below(1000),
                       below(format.nano ? 1'000'000'000 : 1'000'000), bytes,
                       static_cast<std::uint32_t>(bytes.size()) + (below(3) == 0 ? 100 : 0));
    }
    return file;
  }

  Bytes pcapng() {
    const bool big = below(2) == 0;
    // Resolution and a time in it.
    const std::pair<std::uint8_t, std::uint64_t> clocks[] = {
        {3, 1'500'000'000'123}, {6, 1'500'000'000'123'456}, {9, 1'500'000'000'123'456'789}};
    std::vector<std::uint64_t> times;
    Bytes file = test::section_block(big);
    // libpcap wants every interface to have the snaplen of the first.
    const std::uint32_t interfaces = 1 + below(3);
    for (std::uint32_t i = 0; i < interfaces; ++i) {
      const auto& [resolution, time] = clocks[below(3)];
      times.push_back(time);
      append(file, test::interface_block(big, LinkType::ethernet,
                                         test::option(big, 9, {static_cast<std::byte>(resolution)}),
                                         262144));
    }
    for (std::uint32_t packets = below(40); packets > 0; --packets) {
      const Bytes bytes = data();
      if (below(5) == 0) append(file, test::block(big, 0x0BAD, data()));
      const std::uint32_t interface = below(interfaces);
      append(file, test::packet_block(big, interface, times[interface] + below(1000), bytes));
    }
    return file;
  }

 private:
  std::mt19937 random_;
};

void expect_agreement(const Bytes& file, unsigned seed) {
  Reading ours = read_in_chunks(file, 4096);
  ASSERT_TRUE(ours.clean) << ours.fault.text();
  for (OwnedRecord& record : ours.records) record.interface = 0;
  EXPECT_TRUE(ours.records == read_with_libpcap(file)) << "seed " << seed;
}

TEST(LibpcapAgreement, ReadsSameRecordsOfPcap) {
  for (unsigned seed = 1; seed <= 200; ++seed) expect_agreement(Generator{seed}.pcap(), seed);
}

TEST(LibpcapAgreement, ReadsSameRecordsOfPcapng) {
  for (unsigned seed = 1; seed <= 200; ++seed) expect_agreement(Generator{seed}.pcapng(), seed);
}

TEST(LibpcapAgreement, ReadsSameRecordsOfTruncatedPcap) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    Generator generator{seed};
    Bytes file = generator.pcap();
    file.resize(24 + generator.below(static_cast<std::uint32_t>(file.size()) - 23));
    EXPECT_TRUE(read_in_chunks(file, 100).records == read_with_libpcap(file)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tapeline::codec::capture
