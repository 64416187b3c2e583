"""A client of Dify's APIs: connects knowledge bases, asks apps, mirrors data sources; knows no command."""
