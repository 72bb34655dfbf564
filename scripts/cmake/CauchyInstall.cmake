# Installation of the executable.

include(GNUInstallDirs)
install(TARGETS cauchy RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
