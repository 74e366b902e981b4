# Sockets, sequencing and the status server. Asio is headers only (libasio-dev). The definitions
# that cpp-httplib was built with change the layout of its types and come from its .pc file.
find_package(PkgConfig REQUIRED)
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)

target_sources(tapeline_net PRIVATE
  endpoint.cpp hold_store.cpp http_server.cpp ip_header.cpp sequencer_core.cpp udp_sender.cpp
  udp_source.cpp)
target_sources(tapeline_net PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES
  counter.hpp endpoint.hpp hold_store.hpp http_server.hpp ip_header.hpp sequencer.hpp
  sequencer_core.hpp sequencer_stats.hpp spsc_ring.hpp udp_sender.hpp udp_source.hpp)
target_compile_definitions(tapeline_net PUBLIC ASIO_STANDALONE ASIO_NO_DEPRECATED)
target_link_libraries(tapeline_net PUBLIC Threads::Threads PRIVATE PkgConfig::HTTPLIB)
