target_sources(net_test PRIVATE
  byte_stream_test.cpp capture_filter_test.cpp capture_source_test.cpp itch_file_source_test.cpp
  open_capture_test.cpp)
target_link_libraries(net_test PRIVATE ZLIB::ZLIB PkgConfig::zstd)
