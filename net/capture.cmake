# Captures: files, also compressed, as sources of packets. Included by CMakeLists.txt.
find_package(ZLIB REQUIRED GLOBAL)
find_package(PkgConfig REQUIRED)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET GLOBAL libzstd)
target_sources(tapeline_net
  PRIVATE byte_reader.cpp byte_stream.cpp capture_filter.cpp capture_source.cpp
    itch_file_source.cpp open_capture.cpp pull_source.cpp
  PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}
  FILES byte_reader.hpp byte_stream.hpp capture_filter.hpp capture_source.hpp
    itch_file_source.hpp open_capture.hpp pull_source.hpp)
target_link_libraries(tapeline_net PRIVATE ZLIB::ZLIB PkgConfig::zstd)
