# Writes files as C++ text: cmake -DOUTPUT=x.cpp -P embed.cmake -- FILE=PATH...
# PATH is what the file is asked for; the ending of FILE says its content type.
set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(arrays "")
set(entries "")
set(number 0)
set(at 0)
while(NOT "${CMAKE_ARGV${at}}" STREQUAL "--")
  math(EXPR at "${at} + 1")
endwhile()
math(EXPR at "${at} + 1")
while(at LESS CMAKE_ARGC)
  string(REPLACE "=" ";" parts "${CMAKE_ARGV${at}}")
  list(GET parts 0 file)
  list(GET parts 1 path)
  string(REGEX REPLACE ".*\\." "" ending "${file}")
  file(READ "${file}" bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
  string(APPEND arrays "constexpr char kFile${number}[] = {${bytes}};\n")
  string(APPEND entries
         "    {\"${path}\", \"${type_${ending}}\", {kFile${number}, sizeof kFile${number}}},\n")
  math(EXPR number "${number} + 1")
  math(EXPR at "${at} + 1")
endwhile()
file(WRITE "${OUTPUT}" "// Made by app/status/embed.cmake from app/status/page.
#include \"app/status/dashboard.hpp\"

namespace tapeline::status {
namespace {

${arrays}
constexpr DashboardFile kFiles[] = {
${entries}};

}  // namespace

std::span<const DashboardFile> dashboard_files() noexcept { return kFiles; }

}  // namespace tapeline::status
")
