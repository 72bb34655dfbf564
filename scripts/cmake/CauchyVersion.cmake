# The version header, generated into the build tree at configuration; the git revision is refreshed at every build.

set(cauchy_generated ${PROJECT_BINARY_DIR}/generated)
add_custom_target(
  cauchy_version_header
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DOUTPUT=${cauchy_generated}/cauchy/core/revision.hpp
          -DVERSION=${PROJECT_VERSION} -P ${PROJECT_SOURCE_DIR}/scripts/cmake/write_revision.cmake
  BYPRODUCTS ${cauchy_generated}/cauchy/core/revision.hpp
  COMMENT "Looking up the revision")
