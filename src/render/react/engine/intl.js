(function (now) { "use strict"; return { Intl: {} }; })
