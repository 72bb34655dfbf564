# Writes the version and the git revision as a header, only where they have changed.

cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12
                OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(revision "unknown")
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT
"#pragma once
/// Generated: the version of the project and the revision of its sources.

#define CAUCHY_VERSION \"${VERSION}\"
#define CAUCHY_REVISION \"${revision}\"
")
